import type { Problem } from './frames.ts'
import { Unknown, refusal } from './http.ts'

const ANSWER_WITHIN = 10_000

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
  timer?: ReturnType<typeof setTimeout>
}

const NOBODY: Waiting = { resolve: () => undefined, reject: () => undefined }

/** Commands that went out as frames and have neither `ack` nor `nack` yet. */
export class Answers {
  private readonly waiting = new Map<string, Waiting>()

  wait(id: string, late: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        late()
        this.take(id).reject(new Unknown('no answer'))
      }, ANSWER_WITHIN)
      this.waiting.set(id, { resolve, reject, timer })
    })
  }

  ack(id: string, answer: unknown): void {
    this.take(id).resolve(answer)
  }

  nack(id: string, problem: Problem): void {
    this.take(id).reject(refusal(problem))
  }

  /** The connection is gone and with it every answer still on the way. */
  lose(): void {
    for (const id of Array.from(this.waiting.keys())) this.take(id).reject(new Unknown('connection lost'))
  }

  private take(id: string): Waiting {
    const waiting = this.waiting.get(id) || NOBODY
    clearTimeout(waiting.timer)
    this.waiting.delete(id)
    return waiting
  }
}
