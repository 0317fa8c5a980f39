import type { Locale, Say } from '../words/words.ts'

/** Writes a moment the way one says it: the day in words while it is near, else the date. */
export function timeLabel(at: number, now: number, locale: Locale, say: Say): string {
  const time = format(at, locale, { hour: '2-digit', minute: '2-digit', hour12: false })
  const days = daysBetween(at, now)
  if (days === 0) return say('today', { time })
  if (days === 1) return say('yesterday', { time })
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' as const }
  return format(at, locale, { ...year, month: 'short', day: 'numeric' }) + ' ' + time
}

export function sameDay(one: number, other: number): boolean {
  return daysBetween(one, other) === 0
}

function daysBetween(at: number, now: number): number {
  const midnight = (moment: number) => new Date(moment).setHours(0, 0, 0, 0)
  return Math.round((midnight(now) - midnight(at)) / 86_400_000)
}

function format(at: number, locale: Locale, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, options).format(at)
}
