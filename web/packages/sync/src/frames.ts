/** The words of docs/protocol.md, sections 3, 4 and 6. */

export type Cursor = string
export type Topics = Record<string, Cursor | null>

export type SnapshotRow = readonly [type: string, key: string, rev: number, row: unknown]
export type Change =
  | readonly [verb: 'put', type: string, key: string, rev: number, row: unknown]
  | readonly [verb: 'drop', type: string, key: string]

export interface Problem {
  readonly status: number
  readonly code: string
  readonly title?: string
  readonly detail?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly errors?: readonly { readonly field: string; readonly code: string }[]
  readonly retry_after?: number
}

export type SnapshotFrame = {
  t: 'snapshot'
  topic: string
  cursor: Cursor
  rows: readonly SnapshotRow[]
  more: boolean
}
export type ChangeFrame = { t: 'change'; topic: string; cursor: Cursor; changes: readonly Change[] }
export type SignalFrame = { t: 'signal'; topic: string; name: string; data: unknown }

/** Frames a replica understands; the rest is the connection's business. */
export type ReplicaFrame =
  | SnapshotFrame
  | ChangeFrame
  | { t: 'resumed'; topic: string }
  | { t: 'denied'; topic: string; problem: Problem }
  | { t: 'pong'; cursor: Cursor | null }

export type ServerFrame = { n: number } & (
  | ReplicaFrame
  | SignalFrame
  | { t: 'hello'; epoch: string; now: string; ping: number }
  | { t: 'ack'; id: string; answer: unknown }
  | { t: 'nack'; id: string; problem: Problem }
)
