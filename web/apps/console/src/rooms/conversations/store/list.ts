import type { ConversationRow } from '@yingke/api'
import type { Place, Section } from './sections.ts'

export type Line =
  | { key: string; kind: 'header'; section: Section; count: number; height: number }
  | { key: string; kind: 'row'; section: Section; row: ConversationRow; gone: boolean; at: number; height: number }

export interface Heights {
  header: number
  row: number
}

/**
 * The lines of the list. A conversation that left the inbox while the order is held keeps its place, marked as gone, by what was
 * last known of it (`remembered`, which this keeps up).
 */
export function linesOf(
  places: readonly Place[],
  rows: ReadonlyMap<string, ConversationRow>,
  remembered: Map<string, ConversationRow>,
  heights: Heights,
): Line[] {
  const lines: Line[] = []
  let at = 0
  let header: Extract<Line, { kind: 'header' }> | undefined
  for (const { key, section } of places) {
    const row = rows.get(key)
    if (row) remembered.set(key, row)
    const known = row ?? remembered.get(key)
    if (!known) continue
    if (header?.section !== section) {
      header = { key: `section ${section}`, kind: 'header', section, count: 0, height: heights.header }
      lines.push(header)
    }
    header.count++
    lines.push({ key, kind: 'row', section, row: known, gone: !row, at: ++at, height: heights.row })
  }
  const shown = new Set(places.map((place) => place.key))
  for (const key of remembered.keys()) if (!shown.has(key)) remembered.delete(key)
  return lines
}

/** The row `by` steps from the one under the cursor; from nowhere, the first or the last. */
export function stepFrom(lines: readonly Line[], from: string | null, by: 1 | -1): string | null {
  const keys = lines.filter((line) => line.kind === 'row').map((line) => line.key)
  const at = from === null ? -1 : keys.indexOf(from)
  if (at < 0) return (by > 0 ? keys[0] : keys.at(-1)) ?? null
  return keys[Math.min(keys.length - 1, Math.max(0, at + by))] ?? null
}
