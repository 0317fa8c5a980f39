import { bell, type Bell } from './bell.ts'
import { Refused, Unknown } from './http.ts'
import { Nap } from './nap.ts'
import type { Saved, Store } from './store.ts'
import { turns, type Turns } from './turns.ts'
import { continueAfter, uuid7 } from './uuid.ts'

const LATE_AFTER = 15_000
const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

export type ItemState = 'queued' | 'sending' | 'sent' | 'failed'

export interface Item extends Saved {
  readonly state: ItemState
  /** Unanswered for 15 s. It is still being tried. */
  readonly late: boolean
  /** The server's answer, where this tab is the one that got it. */
  readonly answer?: unknown
}

export interface OutboxOptions {
  /** Shared by all tabs of this outbox. */
  readonly name: string
  readonly store: Store
  /** Does the command once more or for the first time. Throws `Refused` (final) or `Unknown`. */
  send(message: Saved): Promise<unknown>
  changed(): void
  random?(): number
}

interface Kept {
  message: Saved
  state: ItemState
  stored: boolean
  answer?: unknown
}

/** The loop that sends to one target. */
interface Work {
  again: boolean
  readonly nap: Nap
}

/**
 * What a person has sent, until it is known to be kept.
 *
 * First in, first out for each target, one in flight. An item leaves only when the row it became has been seen
 * (`settle`) or its author removes it; no timer takes one away.
 */
export class Outbox {
  private readonly kept = new Map<string, Kept>()
  private readonly working = new Map<string, Work>()
  /** Finished here; a list read from the store a moment earlier may still name them. */
  private readonly done = new Set<string>()
  private readonly options: OutboxOptions
  private readonly takeTurn: Turns
  private readonly bell: Bell
  private lateTimer: ReturnType<typeof setTimeout> | undefined
  private closed = false

  constructor(options: OutboxOptions) {
    this.options = options
    this.takeTurn = turns(options.name, options.store)
    this.bell = bell(options.name, () => void this.start())
  }

  /** Take up what an earlier page, or another tab, has left. */
  async start(): Promise<void> {
    await this.refresh()
    for (const { message, state } of this.kept.values()) if (state === 'queued') void this.work(message.target)
  }

  close(): void {
    this.closed = true
    this.bell.close()
    clearTimeout(this.lateTimer)
    this.poke()
  }

  /** Resolves when the message is stored. Throws `Full`, and then holds nothing of it. */
  async add(target: string, name: string, args: Saved['args']): Promise<string> {
    const message: Saved = { id: uuid7(), target, name, args, at: Date.now() }
    const kept: Kept = { message, state: 'queued', stored: false }
    this.kept.set(message.id, kept)
    this.changed()
    try {
      await this.options.store.put(message)
    } catch (error) {
      this.kept.delete(message.id)
      this.changed()
      throw error
    }
    kept.stored = true
    this.bell.ring()
    void this.work(target)
    return message.id
  }

  /** Oldest first. */
  items(target?: string): Item[] {
    const now = Date.now()
    return Array.from(this.kept.values())
      .filter(({ message }) => target === undefined || message.target === target)
      .sort((a, b) => (a.message.id < b.message.id ? -1 : 1))
      .map(({ message, state, answer }) => ({ ...message, state, answer, late: late(message, state, now) }))
  }

  /** The rows of these messages are on screen: their items have done their work. */
  settle(ids: Iterable<string>): void {
    for (const id of ids) if (this.is(id, 'sent')) this.kept.delete(id)
  }

  /** Try at once what is waiting to be tried again. */
  poke(): void {
    for (const { nap } of this.working.values()) nap.wake()
  }

  /** A refusal is final for its id, so what was refused goes again as a new message. */
  async retry(id: string): Promise<void> {
    const kept = this.kept.get(id)
    if (!kept || kept.state !== 'failed') return this.poke()
    const { target, name, args } = kept.message
    await this.add(target, name, args)
    await this.remove(id)
  }

  /** Only what was refused: of anything else it is not known whether it was done. */
  async remove(id: string): Promise<void> {
    if (!this.is(id, 'failed')) return
    this.kept.delete(id)
    this.done.add(id)
    this.changed()
    await this.options.store.remove(id)
    this.bell.ring()
  }

  private is(id: string, state: ItemState): boolean {
    const kept = this.kept.get(id)
    return !!kept && kept.state === state
  }

  private async work(target: string): Promise<void> {
    const running = this.working.get(target)
    if (running) {
      running.again = true
      return
    }
    const me: Work = { again: true, nap: new Nap() }
    this.working.set(target, me)
    for (let attempt = 0; me.again && !this.closed; ) {
      me.again = false
      const wait = await this.takeTurn(target, () => this.sendFirst(target))
      if (wait === undefined) continue
      me.again = true
      if (wait === 0) {
        attempt = 0
        continue
      }
      // The turn is not kept meanwhile: another tab may be in a better position to send.
      await me.nap.take(Math.max(wait, this.backoff(attempt++)))
    }
    this.working.delete(target)
  }

  /** Answers the least time to wait before the next attempt, or undefined when nothing is left to send. */
  private async sendFirst(target: string): Promise<number | undefined> {
    await this.refresh() // another tab may have sent it meanwhile
    const first = this.items(target).find(({ state }) => state === 'queued')
    const kept = first && this.kept.get(first.id)
    if (!kept || !kept.stored || this.closed) return undefined // `add` comes back here when it is stored
    const { message } = kept
    kept.state = 'sending'
    this.changed()
    try {
      kept.answer = await this.options.send(message)
      kept.state = 'sent'
      this.done.add(message.id)
      await this.options.store.remove(message.id)
    } catch (error) {
      if (!(error instanceof Refused)) {
        if (kept.state === 'sending') kept.state = 'queued'
        return Math.max(1, error instanceof Unknown ? error.retryAfter : 0)
      }
      kept.state = 'failed'
      kept.message = { ...message, problem: error.problem }
      await this.options.store.put(kept.message)
    } finally {
      this.changed()
    }
    this.bell.ring()
    return 0
  }

  /** Bring what is held here in line with the store, which other tabs share. */
  private async refresh(): Promise<void> {
    const held = Array.from(this.kept).filter(([, kept]) => kept.stored)
    const stored = new Map((await this.options.store.all()).map((message) => [message.id, message]))
    for (const [id, kept] of held) {
      if (stored.has(id) || kept.state === 'sent' || kept.state === 'sending') continue
      // Another tab took it away: by hand if it had been refused, otherwise because it was acknowledged.
      if (kept.state === 'failed') this.kept.delete(id)
      else kept.state = 'sent'
    }
    for (const [id, message] of stored) {
      const kept = this.kept.get(id)
      if (this.done.has(id)) continue
      if (!kept) {
        continueAfter(id)
        this.kept.set(id, { message, state: message.problem ? 'failed' : 'queued', stored: true })
      } else if (message.problem && kept.state === 'queued') {
        kept.message = message
        kept.state = 'failed'
      }
    }
    this.changed()
  }

  /** 1, 2, 4, 8 … 30 s, a quarter more or less by chance. */
  private backoff(attempt: number): number {
    const random = this.options.random || Math.random
    return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.75 + random() / 2)
  }

  private changed(): void {
    this.options.changed()
    clearTimeout(this.lateTimer)
    const now = Date.now()
    const due = this.items()
      .filter((item) => item.state === 'queued' || item.state === 'sending')
      .map((item) => item.at + LATE_AFTER - now)
      .filter((ms) => ms > 0)
    if (due.length && !this.closed) this.lateTimer = setTimeout(() => this.changed(), Math.min(...due))
  }
}

function late(message: Saved, state: ItemState, now: number): boolean {
  return (state === 'queued' || state === 'sending') && now - message.at >= LATE_AFTER
}
