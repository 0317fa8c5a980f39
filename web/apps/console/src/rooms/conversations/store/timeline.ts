import type { ConversationRow, MessageRow, Problem } from '@yingke/api'
import type { Item } from '@yingke/sync'
import { dayOf } from '../../../shell/time.ts'

/** A text on its way: what the outbox tells of it. */
export interface Outgoing {
  id: string
  note: boolean
  text: string
  at: number
  state: 'queued' | 'sending' | 'sent' | 'failed'
  late: boolean
  /** In the reader's words, for a failed one. */
  reason: string | null
}

export function outgoingOf(items: readonly Item[], says: (problem: Problem) => string): Outgoing[] {
  return items.map(({ id, name, args, at, state, late, problem }) => ({
    id,
    note: name === 'conversations.note',
    text: String(args['text']),
    at,
    state,
    late,
    reason: problem ? says(problem) : null,
  }))
}

export type MessageState = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed'

export interface TextEntry {
  kind: 'text'
  key: string
  seq: number | null
  side: 'customer' | 'staff'
  mine: boolean
  note: boolean
  name: string
  text: string
  at: string | number
  /** Null where nothing is to be said: the customer's own words, and notes that are kept. */
  state: MessageState | null
  reason: string | null
  late: boolean
  /** Last of a run by one person: carries name, time and state for the run. */
  tail: boolean
}

export type Entry =
  | { kind: 'day'; key: string; at: string | number }
  | { kind: 'unread'; key: string }
  | { kind: 'event'; key: string; row: MessageRow }
  | TextEntry

const RUN = 60_000

interface Input {
  conversation: ConversationRow | undefined
  messages: readonly MessageRow[]
  outgoing: readonly Outgoing[]
  me: { key: string; name: string }
  /** Up to here it had been read when the thread was opened; null where all was. */
  readUpTo: number | null
}

function stateOf(row: MessageRow, conversation: ConversationRow | undefined): MessageState | null {
  if (row.from !== 'staff' || row.kind === 'note') return null
  if (row.seq <= (conversation?.customer_read ?? 0)) return 'read'
  return row.seq <= (conversation?.customer_delivered ?? 0) ? 'delivered' : 'sent'
}

function kept(row: MessageRow, input: Input): TextEntry {
  return {
    kind: 'text',
    key: row.id ?? String(row.seq),
    seq: row.seq,
    side: row.from === 'customer' ? 'customer' : 'staff',
    mine: row.from === 'staff' && row.sender?.key === input.me.key,
    note: row.kind === 'note',
    name: row.sender?.name ?? '',
    text: row.text,
    at: row.at,
    state: stateOf(row, input.conversation),
    reason: null,
    late: false,
    tail: true,
  }
}

function going(item: Outgoing, input: Input): TextEntry {
  return {
    kind: 'text',
    key: item.id,
    seq: null,
    side: 'staff',
    mine: true,
    note: item.note,
    name: input.me.name,
    text: item.text,
    at: item.at,
    state: item.state,
    reason: item.reason,
    late: item.late,
    tail: true,
  }
}

function sameRun(a: TextEntry, b: TextEntry): boolean {
  return (
    a.side === b.side &&
    a.note === b.note &&
    a.name === b.name &&
    a.state === b.state &&
    a.state !== 'failed' &&
    !a.late &&
    !b.late &&
    new Date(b.at).getTime() - new Date(a.at).getTime() < RUN
  )
}

function isUnread(entry: Entry, readUpTo: number | null): boolean {
  return readUpTo !== null && entry.kind === 'text' && entry.side === 'customer' && entry.seq !== null && entry.seq > readUpTo
}

/** One line of time: what is kept, in the order of `seq`, then what is on its way, with days and the unread line between. */
export function timeline(input: Input): Entry[] {
  const entries: Entry[] = []
  const known = new Set<string>()
  let day = ''
  let marked = false
  let previousTexts = 0
  let previous: TextEntry | null = null

  function add(entry: TextEntry | { kind: 'event'; key: string; row: MessageRow }, at: string | number) {
    const its = dayOf(at)
    if (its !== day) {
      entries.push({ kind: 'day', key: `day ${its} ${entry.key}`, at })
      day = its
      previous = null
    }
    // Where nothing was read before, a line between read and unread says nothing.
    if (!marked && previousTexts && isUnread(entry, input.readUpTo)) {
      entries.push({ kind: 'unread', key: 'unread' })
      marked = true
      previous = null
    }
    if (entry.kind === 'event') previous = null
    else {
      previousTexts++
      if (previous && sameRun(previous, entry)) previous.tail = false
      previous = entry
    }
    entries.push(entry)
  }

  for (const row of [...input.messages].sort((a, b) => a.seq - b.seq)) {
    if (row.id) known.add(row.id)
    if (row.kind === 'event') add({ kind: 'event', key: `event ${row.seq}`, row }, row.at)
    else add(kept(row, input), row.at)
  }
  for (const item of input.outgoing) if (!known.has(item.id)) add(going(item, input), item.at)
  return entries
}
