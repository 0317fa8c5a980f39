import { describe, expect, it } from 'vitest'
import en from '../src/words/en.json' with { type: 'json' }
import { chooseLocale, sayIn } from '../src/words/words.ts'
import zh from '../src/words/zh-CN.json' with { type: 'json' }

describe('the catalogues', () => {
  it('have the same keys, none empty, with the same parameters', () => {
    const params = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()
    expect(Object.keys(en)).toEqual(Object.keys(zh))
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect(zh[key]).not.toBe('')
      expect(en[key]).not.toBe('')
      expect(params(en[key]), key).toEqual(params(zh[key]))
    }
  })
})

describe('chooseLocale', () => {
  it.each([
    [['en', 'zh-CN'], 'en'],
    [[undefined, 'zh-TW'], 'zh-CN'],
    [['', 'fr-FR', 'zh-CN'], 'zh-CN'],
    [['de', 'en-GB'], 'en'],
    [['fr'], 'en'],
  ] as const)('%j', (wishes, locale) => {
    expect(chooseLocale(...wishes)).toBe(locale)
  })
})

describe('say', () => {
  it('puts parameters in as they are', () => {
    expect(sayIn(zh)('status_queued', { n: 3 })).toBe('排队中，前面还有 3 位')
    expect(sayIn(en)('failed', { reason: '$& {n}' })).toBe('Not delivered: $& {n}')
  })
})
