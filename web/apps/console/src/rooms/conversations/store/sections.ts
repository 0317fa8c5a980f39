import type { ConversationRow } from '@yingke/api'

export type Section = 'waiting' | 'mine' | 'queue' | 'others'
export type Tab = 'waiting' | 'mine' | 'queue' | 'all'

/** What a tab shows, in order: what needs me first stands first. */
const sectionsOfTab: Record<Tab, Section[]> = {
  waiting: ['waiting', 'mine', 'queue'],
  mine: ['waiting', 'mine'],
  queue: ['queue'],
  all: ['waiting', 'mine', 'queue', 'others'],
}

export const tabs = Object.keys(sectionsOfTab) as Tab[]

export interface Place {
  key: string
  section: Section
}

export function sectionOf(row: ConversationRow, me: string): Section {
  if (row.state === 'queued') return 'queue'
  if (row.assignee?.key !== me) return 'others'
  return row.waiting_since ? 'waiting' : 'mine'
}

function lastAt(row: ConversationRow): string {
  return row.last?.at ?? row.started_at
}

// RFC 3339 in UTC with a fixed number of digits sorts as text.
const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const longest = (a: ConversationRow, b: ConversationRow) =>
  before(a.waiting_since ?? a.queued_at, b.waiting_since ?? b.queued_at) || before(a.key, b.key)
const latest = (a: ConversationRow, b: ConversationRow) => before(lastAt(b), lastAt(a)) || before(a.key, b.key)

const orderOf: Record<Section, (a: ConversationRow, b: ConversationRow) => number> = {
  waiting: longest,
  mine: latest,
  queue: longest,
  others: latest,
}

export function arrange(rows: Iterable<ConversationRow>, me: string): Record<Section, ConversationRow[]> {
  const found: Record<Section, ConversationRow[]> = { waiting: [], mine: [], queue: [], others: [] }
  for (const row of rows) if (row.state !== 'closed') found[sectionOf(row, me)].push(row)
  for (const section of sectionsOfTab.all) found[section].sort(orderOf[section])
  return found
}

export function placesOf(arranged: Record<Section, ConversationRow[]>, tab: Tab): Place[] {
  return sectionsOfTab[tab].flatMap((section) => arranged[section].map((row) => ({ key: row.key, section })))
}

export function countsOf(arranged: Record<Section, ConversationRow[]>): Record<Tab, number> {
  const { waiting, mine, queue, others } = arranged
  return {
    waiting: waiting.length,
    mine: waiting.length + mine.length,
    queue: queue.length,
    all: waiting.length + mine.length + queue.length + others.length,
  }
}

export type Urgency = 'calm' | 'amber' | 'red'

/** Until groups have targets of their own: a minute is noticed, two are too long (live-chat, section 10). */
const targets = { amber: 60_000, red: 120_000 }

export function urgency(since: string, now: number): Urgency {
  const waited = now - new Date(since).getTime()
  return waited >= targets.red ? 'red' : waited >= targets.amber ? 'amber' : 'calm'
}
