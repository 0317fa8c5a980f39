import type { Change, Cursor, ReplicaFrame, SnapshotRow } from './frames.ts'

export interface Held {
  readonly type: string
  readonly key: string
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
  /** By type and key together. */
  readonly held = new Map<string, Held>()

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
        if (this.live && frame.cursor) this.cursor = frame.cursor
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
    for (const [type, key, rev, row] of rows) this.change(['put', type, key, rev, row])
  }

  get<Row>(type: string, key: string): Row | undefined {
    const held = this.held.get(name(type, key))
    return held && (held.row as Row)
  }

  all<Row>(type: string): Row[] {
    return Array.from(this.held.values())
      .filter((held) => held.type === type)
      .map((held) => held.row as Row)
  }

  private forget(): void {
    this.held.clear()
    this.cursor = null
    this.more = this.live = false
  }

  private change(change: Change): boolean {
    const [verb, type, key] = change
    if (verb === 'drop') return this.held.delete(name(type, key))
    if (verb !== 'put') return false
    const [, , , rev, row] = change
    const before = this.held.get(name(type, key))
    if (before && before.rev >= rev) return false
    this.held.set(name(type, key), { type, key, rev, row })
    return true
  }
}

function name(type: string, key: string): string {
  return type + '\n' + key
}
