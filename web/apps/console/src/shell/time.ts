/**
 * Times as people read them. The zone is the browser's until the server names the workspace's own.
 */
type Say = (key: string, params?: Record<string, unknown>) => string

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const formats = new Map<string, Intl.DateTimeFormat>()

function format(locale: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${name}`
  let made = formats.get(key)
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(locale, options)))
  return made
}

export function exact(at: string | number, locale: string): string {
  return format(locale, 'exact', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(at))
}

export function clock(at: string | number, locale: string): string {
  return format(locale, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at))
}

/** Relative under a day, then the date. */
export function ago(say: Say, at: string | number, now: number, locale: string): string {
  const past = now - new Date(at).getTime()
  if (past < MINUTE) return say('shell.time.now')
  if (past < HOUR) return say('shell.time.minutes', { n: Math.floor(past / MINUTE) })
  if (past < DAY) return say('shell.time.hours', { n: Math.floor(past / HOUR) })
  return date(at, now, locale)
}

/** The same, as the end of a sentence. */
export function past(say: Say, at: string | number, now: number, locale: string): string {
  const age = now - new Date(at).getTime()
  const time = ago(say, at, now, locale)
  return age < MINUTE || age >= DAY ? time : say('shell.time.past', { time })
}

export function date(at: string | number, now: number, locale: string): string {
  const day = new Date(at)
  return day.getFullYear() === new Date(now).getFullYear()
    ? format(locale, 'day', { month: 'short', day: 'numeric' }).format(day)
    : format(locale, 'year', { year: 'numeric', month: 'short', day: 'numeric' }).format(day)
}

/** How long somebody has waited: to the second for an hour, since then every second counts. */
export function waited(say: Say, since: string | number, now: number): string {
  const past = Math.max(0, now - new Date(since).getTime())
  if (past < HOUR) return `${two(past / MINUTE)}:${two((past % MINUTE) / 1000)}`
  if (past < DAY) return say('shell.time.hours_minutes', { h: Math.floor(past / HOUR), m: Math.floor((past % HOUR) / MINUTE) })
  return say('shell.time.days', { n: Math.floor(past / DAY) })
}

function two(n: number): string {
  return String(Math.floor(n)).padStart(2, '0')
}

export function dayOf(at: string | number): string {
  const day = new Date(at)
  return `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`
}

export function dayName(say: Say, at: string | number, now: number, locale: string): string {
  if (dayOf(at) === dayOf(now)) return say('shell.time.today')
  if (dayOf(at) === dayOf(now - DAY)) return say('shell.time.yesterday')
  const weekday = format(locale, 'weekday', { weekday: 'short' }).format(new Date(at))
  return `${date(at, now, locale)} ${weekday}`
}
