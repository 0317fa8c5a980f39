import type { MeRow } from '@yingke/api'
import { describe, expect, it } from 'vitest'
import { preferredLocale } from '../i18n.ts'
import { standing } from '../intents.ts'
import { titled } from '../notices.ts'

const me = (intent: MeRow['intent'], accepting: boolean) => ({ intent, accepting }) as MeRow

describe('what is said of me', () => {
  it('is never more than what is true', () => {
    expect(standing(me('online', true), 'waiting')).toBe('cut')
    expect(standing(me('online', true), 'live')).toBe('accepting')
    expect(standing(me('online', false), 'live')).toBe('held')
    expect(standing(me('invisible', false), 'live')).toBe('invisible')
  })
})

describe('the title', () => {
  it('counts what is unread', () => {
    expect(titled(0, '迎客')).toBe('迎客')
    expect(titled(3, '迎客')).toBe('(3) 迎客')
    expect(titled(100, '迎客')).toBe('(99+) 迎客')
  })
})

describe('the language at the first visit', () => {
  it('is the first of the browser that there is', () => {
    expect(preferredLocale(['fr', 'en-GB', 'zh'])).toBe('en')
    expect(preferredLocale(['zh-TW'])).toBe('zh-CN')
    expect(preferredLocale(['fr'])).toBe('zh-CN')
  })
})
