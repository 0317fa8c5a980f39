import type { Problem, ReplicaFrame, SignalFrame, Topics } from './frames.ts'
import { Replica, type Applied } from './replica.ts'

export interface Listener {
  /** Rows or cursor have changed, or the server has said that nothing was missed (`resumed`). */
  applied(applied: Applied, replica: Replica): void
  signal(name: string, data: unknown): void
  denied(problem: Problem): void
}

/** The topics wanted, each with its replica, which outlives every connection. */
export class Subscriptions {
  private readonly topics = new Map<string, { replica: Replica; listener: Listener }>()

  add(topic: string, listener: Listener): Replica {
    const replica = new Replica()
    this.topics.set(topic, { replica, listener })
    return replica
  }

  /** False where the topic has meanwhile been subscribed anew. */
  remove(topic: string, replica: Replica): boolean {
    const held = this.topics.get(topic)
    return !!held && held.replica === replica && this.topics.delete(topic)
  }

  cursors(): Topics {
    return Object.fromEntries(Array.from(this.topics, ([topic, { replica }]) => [topic, replica.cursor]))
  }

  interrupted(): void {
    for (const { replica } of this.topics.values()) replica.interrupted()
  }

  heard(frame: ReplicaFrame | SignalFrame): void {
    if (frame.t === 'pong') {
      for (const { replica } of this.topics.values()) replica.apply(frame)
      return
    }
    const topic = this.topics.get(frame.topic)
    if (!topic) return
    const { replica, listener } = topic
    if (frame.t === 'signal') return listener.signal(frame.name, frame.data)
    const applied = replica.apply(frame)
    if (applied.length || frame.t === 'resumed') listener.applied(applied, replica)
    if (frame.t === 'denied') {
      this.topics.delete(frame.topic) // it is not asked for again
      listener.denied(frame.problem)
    }
  }
}
