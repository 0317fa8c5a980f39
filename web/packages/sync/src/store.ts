import type { Problem } from './frames.ts'

/** A message as it is kept until it is acknowledged. Everything here survives the page. */
export interface Saved {
  readonly id: string
  /** Messages to one target are sent one after the other. */
  readonly target: string
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  /** When it was made, in milliseconds. */
  readonly at: number
  /** Refused for good: kept for its author to change or remove. */
  readonly problem?: Problem
}

/** Where an outbox keeps its messages. Tabs of one browser may share it. */
export interface Store {
  /** In the order of their ids, which is the order in which they were made. */
  all(): Promise<Saved[]>
  /** Throws `Full` where there is no more room. */
  put(message: Saved): Promise<void>
  remove(id: string): Promise<void>
  /** Take or keep a lease for `ms`, or with 0 give it back. False while another has it. For want of Web Locks. */
  lease(name: string, owner: string, ms: number): Promise<boolean>
}

/** The outbox holds as much as it may; the text stays with whoever wrote it. */
export class Full extends Error {}

/** Keeps messages for the life of the page, where the browser lends no storage. */
export class MemoryStore implements Store {
  private readonly messages = new Map<string, Saved>()

  async all(): Promise<Saved[]> {
    return byId(Array.from(this.messages.values()))
  }

  async put(message: Saved): Promise<void> {
    this.messages.set(message.id, message)
  }

  async remove(id: string): Promise<void> {
    this.messages.delete(id)
  }

  async lease(_name: string, _owner: string, _ms: number): Promise<boolean> {
    return true // nobody else can see this store
  }
}

export function byId(messages: Saved[]): Saved[] {
  return messages.sort((a, b) => (a.id < b.id ? -1 : 1))
}
