const LONGEST = 30_000

/** Doubled from `first` up to 30 s, with full jitter: those cut off together do not come back together. */
export function backoff(attempt: number, first: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST, first * 2 ** attempt)
}
