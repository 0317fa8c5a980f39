import type { Item } from '@yingke/sync'
import type { Locale, Say } from '../words/words.ts'
import type { Conversation, Message } from './rows.ts'
import { sameDay, timeLabel } from './times.ts'

/** How far a message of one's own has come. */
export type Mark = 'sending' | 'late' | 'sent' | 'delivered' | 'read' | 'failed'

/** One line of the thread, as it is drawn. An entry with the same key is the same thing, changed. */
export type Entry =
  | { kind: 'time' | 'event' | 'name'; key: string; text: string }
  | { kind: 'theirs'; key: string; text: string; conversation: string; seq: number }
  | { kind: 'mine'; key: string; text: string; failed: boolean }
  | { kind: 'mark'; key: string; id: string; mark: Mark; text: string; canRetry: boolean }

export interface ThreadInput {
  /** In order. */
  readonly messages: readonly Message[]
  readonly conversation: Conversation
  readonly items: readonly Item[]
  readonly greeting: string
  /** Older messages exist than these. */
  readonly more: boolean
  readonly now: number
  readonly locale: Locale
  readonly say: Say
}

const PAUSE = 10 * 60_000

interface Line {
  readonly key: string
  readonly at: number
  readonly row?: Message
  readonly item?: Item
}

export function threadEntries(input: ThreadInput): Entry[] {
  const entries: Entry[] = []
  const lines = inOrder(input)
  if (input.greeting && !input.more) entries.push(bubble('greeting', input.greeting))
  let before: Line | undefined
  lines.forEach((line, i) => {
    if (!before || line.at - before.at > PAUSE || !sameDay(line.at, before.at)) {
      entries.push({ kind: 'time', key: 't:' + line.key, text: timeLabel(line.at, input.now, input.locale, input.say) })
    }
    push(entries, line, before, lines[i + 1], input)
    before = line
  })
  return entries
}

/** What the server knows, in its order; then what is still on its way there, each once. */
function inOrder({ messages, items }: ThreadInput): Line[] {
  const known = new Set(messages.map((row) => row.id))
  return [
    ...messages.map((row) => ({ key: row.id ?? row.conversation + '/' + row.seq, at: Date.parse(row.at), row })),
    ...items.filter((item) => !known.has(item.id)).map((item) => ({ key: item.id, at: item.at, item })),
  ]
}

function push(entries: Entry[], line: Line, before: Line | undefined, next: Line | undefined, input: ThreadInput): void {
  const { row, item, key } = line
  if (row?.kind === 'event') {
    const text = eventText(row, !next, input)
    if (text) entries.push({ kind: 'event', key, text })
  } else if (row && row.from !== 'visitor') {
    const sameVoice = before?.row?.kind === 'text' && before.row.from === row.from && before.row.name === row.name
    if (row.name && !sameVoice) entries.push({ kind: 'name', key: 'n:' + key, text: row.name })
    entries.push({ ...bubble(key, row.text ?? ''), conversation: row.conversation, seq: row.seq })
  } else {
    const mark = markOf(line, input.conversation)
    const text = row ? (row.text ?? '') : String(item?.args.text ?? '')
    entries.push({ kind: 'mine', key, text, failed: mark === 'failed' })
    // One mark speaks for a run of messages that have come equally far.
    if (mark && (mark === 'failed' || !next || markOf(next, input.conversation) !== mark)) {
      const words = input.say(mark, { reason: item?.problem?.detail ?? '' })
      const canRetry = mark === 'late' || (mark === 'failed' && item?.problem?.status !== 422)
      entries.push({ kind: 'mark', key: 'm:' + key, id: key, mark, text: words, canRetry })
    }
  }
}

function bubble(key: string, text: string): Entry & { kind: 'theirs' } {
  return { kind: 'theirs', key, text, conversation: '', seq: 0 }
}

function markOf({ row, item }: Line, conversation: Conversation): Mark | undefined {
  if (item) return item.late ? 'late' : item.state === 'queued' ? 'sending' : item.state
  if (row?.from !== 'visitor' || row.conversation !== conversation.key) return undefined
  if (row.seq <= conversation.staff_read) return 'read'
  return row.seq <= conversation.staff_delivered ? 'delivered' : 'sent'
}

function eventText(row: Message, last: boolean, { say, conversation }: ThreadInput): string {
  switch (row.code) {
    case 'agent_joined':
      return say('agent_joined', row.params)
    case 'conversation_closed':
      return say(last && conversation.state === 'closed' ? 'status_closed' : 'conversation_closed')
    case 'conversation_reopened':
      return say('conversation_reopened')
    default:
      return '' // an event of a newer server
  }
}
