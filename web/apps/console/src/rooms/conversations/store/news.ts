import type { ConversationRow } from '@yingke/api'

/** What is worth a sound: a customer's new words in a conversation of mine or in the queue that I am not looking at. */
export function news(
  before: ReadonlyMap<string, ConversationRow> | null,
  now: ReadonlyMap<string, ConversationRow>,
  me: string,
  looking: string | null,
): ConversationRow[] {
  if (!before) return []
  const found: ConversationRow[] = []
  for (const row of now.values()) {
    const known = before.get(row.key)
    if (known === row || row.key === looking || row.last?.from !== 'customer' || row.last_seq <= (known?.last_seq ?? 0)) continue
    if (row.state === 'queued' || row.assignee?.key === me) found.push(row)
  }
  return found
}
