import { Refused } from '@yingke/sync'
import type { Conversation } from './rows.ts'

const AT_MOST_EVERY = 1_000
const AGAIN_AFTER = 3_000

type Wanted = Pick<Conversation, 'delivered' | 'read'>

/**
 * Tells the server how far this visitor has received and read the latest conversation: at most once a second, and only
 * ever further.
 */
export class Marks {
  private conversation = ''
  private wanted: Wanted = NONE
  private told: Wanted = NONE
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly tell: (marks: { conversation: string; delivered?: number; read?: number }) => Promise<unknown>

  constructor(tell: Marks['tell']) {
    this.tell = tell
  }

  /** The conversation now, with the marks the server has in force. */
  known({ key, delivered, read }: Pick<Conversation, 'key' | 'delivered' | 'read'>): void {
    if (key !== this.conversation) this.wanted = this.told = NONE
    this.conversation = key
    this.told = further(this.told, { delivered, read })
  }

  delivered(conversation: string, seq: number): void {
    this.want(conversation, { delivered: seq, read: 0 })
  }

  read(conversation: string, seq: number): void {
    this.want(conversation, { delivered: seq, read: seq })
  }

  private want(conversation: string, marks: Wanted): void {
    if (conversation !== this.conversation) return
    this.wanted = further(this.wanted, marks)
    if (!this.timer && this.news()) this.timer = setTimeout(() => void this.flush(), 0)
  }

  private news(): boolean {
    return this.wanted.delivered > this.told.delivered || this.wanted.read > this.told.read
  }

  private async flush(): Promise<void> {
    let wait = AT_MOST_EVERY
    if (this.news()) {
      const { conversation, wanted } = this
      try {
        await this.tell({ conversation, delivered: wanted.delivered, ...(wanted.read && { read: wanted.read }) })
        this.known({ key: this.conversation, ...(conversation === this.conversation ? wanted : NONE) })
      } catch (error) {
        if (error instanceof Refused) this.told = further(this.told, wanted) // it would be refused again
        wait = AGAIN_AFTER
      }
      this.timer = setTimeout(() => void this.flush(), wait) // whatever comes meanwhile goes together
    } else {
      this.timer = undefined
    }
  }
}

const NONE: Wanted = { delivered: 0, read: 0 }

function further(one: Wanted, other: Wanted): Wanted {
  return { delivered: Math.max(one.delivered, other.delivered), read: Math.max(one.read, other.read) }
}
