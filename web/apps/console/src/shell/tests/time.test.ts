import { describe, expect, it } from 'vitest'
import { ago, dayName, past, waited } from '../time.ts'

const say = (key: string, params?: Record<string, unknown>) => key.replace('shell.time.', '') + (params ? ' ' + Object.values(params).join(' ') : '')
const now = new Date(2026, 10, 21, 14, 0, 0).getTime()
const before = (seconds: number) => now - seconds * 1000

describe('times', () => {
  it('are relative under a day and dates after it', () => {
    expect(ago(say, before(59), now, 'en')).toBe('now')
    expect(ago(say, before(60), now, 'en')).toBe('minutes 1')
    expect(ago(say, before(3600 * 23.9), now, 'en')).toBe('hours 23')
    expect(ago(say, before(3600 * 24), now, 'en')).toBe('Nov 20')
    expect(ago(say, before(86_400 * 400), now, 'en')).toBe('Oct 17, 2025')
  })

  it('end a sentence only where they are relative', () => {
    expect(past(say, before(300), now, 'en')).toBe('past minutes 5')
    expect(past(say, before(5), now, 'en')).toBe('now')
    expect(past(say, before(90_000), now, 'en')).toBe('Nov 20')
  })

  it('count a wait by seconds for an hour, and never below nothing', () => {
    expect(waited(say, before(161), now)).toBe('02:41')
    expect(waited(say, now + 5000, now)).toBe('00:00')
    expect(waited(say, before(4080), now)).toBe('hours_minutes 1 8')
    expect(waited(say, before(86_400 * 2), now)).toBe('days 2')
  })

  it('name the day', () => {
    expect(dayName(say, before(10), now, 'en')).toBe('today')
    expect(dayName(say, before(86_400), now, 'en')).toBe('yesterday')
    expect(dayName(say, before(86_400 * 2), now, 'en')).toBe('Nov 19 Thu')
  })
})
