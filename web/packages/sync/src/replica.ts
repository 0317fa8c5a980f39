import type { Change, Cursor, ReplicaFrame, SnapshotRow } from './frames.ts'

export interface Held {
  readonly rev: number
  readonly row: unknown
}

/** What an applied frame did to the rows: `all` after a snapshot, else the changes that took effect. */
export type Applied = 'all' | readonly Change[]

const NOTHING: Applied = []

/**
 * One topic as this client holds it: rows by (type, key), and the cursor to come back with.
 *
 * Frames may be applied again, from any earlier one on, and the outcome is the same. `yingke/live/replica.py` is the
 * same reducer; both pass `vectors/`.
 */
export class Replica {
  cursor: Cursor | null = null
  /** Older rows exist than the ones held. */
  more = false
  /** A snapshot or `resumed` came on the present connection: from here on its pongs speak for this topic too. */
  live = false
  /** By type, then by key. */
  readonly held = new Map<string, Map<string, Held>>()

  apply(frame: ReplicaFrame): Applied {
    switch (frame.t) {
      case 'snapshot':
        this.forget()
        this.hold(frame.rows)
        this.cursor = frame.cursor
        this.more = frame.more
        this.live = true
        return 'all'
      case 'resumed':
        this.live = true
        return NOTHING
      case 'change': {
        const effective = frame.changes.filter((change) => this.change(change))
        this.cursor = frame.cursor
        return effective
      }
      case 'pong':
        if (this.live) this.cursor = frame.cursor
        return NOTHING
      case 'denied':
        this.forget()
        return 'all'
      default:
        return NOTHING // a newer server's frame
    }
  }

  /** The connection is gone: until the next snapshot or `resumed`, no pong moves this cursor. */
  interrupted(): void {
    this.live = false
  }

  /** Older rows fetched by hand; they obey the same rule of revisions. */
  hold(rows: readonly SnapshotRow[]): void {
    for (const row of rows) this.change(['put', ...row])
  }

  get<Row>(type: string, key: string): Row | undefined {
    return this.held.get(type)?.get(key)?.row as Row | undefined
  }

  all<Row>(type: string): Row[] {
    return Array.from(this.held.get(type)?.values() ?? [], (held) => held.row as Row)
  }

  private forget(): void {
    this.held.clear()
    this.cursor = null
    this.more = this.live = false
  }

  private change(change: Change): boolean {
    const [verb, type, key] = change
    if (verb === 'drop') return this.held.get(type)?.delete(key) ?? false
    if (verb !== 'put') return false
    const [, , , rev, row] = change
    let byKey = this.held.get(type)
    if (!byKey) this.held.set(type, (byKey = new Map<string, Held>()))
    const before = byKey.get(key)
    if (before && before.rev >= rev) return false
    byKey.set(key, { rev, row })
    return true
  }
}
