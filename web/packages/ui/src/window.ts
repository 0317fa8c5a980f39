/** Which of a list's rows are on screen, from their heights alone; nothing is measured. */
export interface Row {
  key: string
  height: number
}

export function offsets(rows: readonly Row[]): number[] {
  const tops = new Array<number>(rows.length + 1)
  tops[0] = 0
  for (let i = 0; i < rows.length; i++) tops[i + 1] = tops[i]! + rows[i]!.height
  return tops
}

/** First index whose end lies below `y`. */
function at(tops: readonly number[], y: number): number {
  let low = 0
  let high = tops.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (tops[middle + 1]! > y) high = middle
    else low = middle + 1
  }
  return low
}

export function visible(tops: readonly number[], scroll: number, height: number, over: number): { from: number; to: number } {
  const count = tops.length - 1
  if (count === 0) return { from: 0, to: 0 }
  return { from: at(tops, Math.max(0, scroll - over)), to: Math.min(count, at(tops, scroll + height + over) + 1) }
}

/** The scroll position that brings a row fully on screen with the least movement. */
export function reveal(tops: readonly number[], index: number, scroll: number, height: number): number {
  const top = tops[index] ?? 0
  const bottom = tops[index + 1] ?? top
  if (top < scroll) return top
  if (bottom > scroll + height) return bottom - height
  return scroll
}
