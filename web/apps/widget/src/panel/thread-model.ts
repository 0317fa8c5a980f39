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

/** A message, wherever it is known from: a row of the server, or an item still on its way there. */
interface Line extends Pick<Message, 'from' | 'kind' | 'name' | 'code' | 'params' | 'conversation' | 'seq'> {
  readonly key: string
  readonly at: number
  readonly text: string
  readonly item?: Item
}

const MINE = { from: 'visitor', kind: 'text', name: null, code: null, params: {}, conversation: '', seq: 0 } as const

export function threadEntries(input: ThreadInput): Entry[] {
  const entries: Entry[] = []
  const lines = inOrder(input)
  if (input.greeting && !input.more) entries.push({ kind: 'theirs', key: 'greeting', text: input.greeting, conversation: '', seq: 0 })
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
  const rows = messages.map((row): Line => {
    return { ...row, key: row.id || row.conversation + '/' + row.seq, at: Date.parse(row.at), text: row.text || '' }
  })
  const waiting = items.filter((item) => !known.has(item.id))
  return [...rows, ...waiting.map((item): Line => ({ ...MINE, key: item.id, at: item.at, text: item.args.text as string, item }))]
}

function push(entries: Entry[], line: Line, before: Line | undefined, next: Line | undefined, input: ThreadInput): void {
  const { key, text, name } = line
  if (line.kind === 'event') {
    const words = eventText(line, !next, input)
    if (words) entries.push({ kind: 'event', key, text: words })
  } else if (line.from !== 'visitor') {
    const { agent } = input.conversation
    // The head of the panel names who answers now; a name stands here only where somebody else has spoken.
    const named = (agent && agent.name === name) || (before && before.name === name)
    if (name && !named) entries.push({ kind: 'name', key: 'n:' + key, text: name })
    entries.push({ kind: 'theirs', key, text, conversation: line.conversation, seq: line.seq })
  } else {
    const mark = markOf(line, input.conversation)
    entries.push({ kind: 'mine', key, text, failed: mark === 'failed' })
    // One mark speaks for a run of messages that have come equally far.
    if (mark && (mark === 'failed' || !next || markOf(next, input.conversation) !== mark)) {
      const problem = line.item && line.item.problem
      const words = input.say(mark, { reason: problem ? problem.detail || problem.code : '' })
      const canRetry = mark === 'late' || (!!problem && problem.status !== 422)
      entries.push({ kind: 'mark', key: 'm:' + key, id: key, mark, text: words, canRetry })
    }
  }
}

function markOf({ item, from, conversation, seq }: Line, now: Conversation): Mark | undefined {
  if (item) return item.late ? 'late' : item.state === 'queued' ? 'sending' : item.state
  if (from !== 'visitor' || conversation !== now.key) return undefined
  return seq <= now.staff_read ? 'read' : seq <= now.staff_delivered ? 'delivered' : 'sent'
}

function eventText(row: Line, last: boolean, { say, conversation }: ThreadInput): string {
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
