import type zh from './zh-CN.json'

export type Word = keyof typeof zh
export type Catalogue = Readonly<Record<Word, string>>
export type Say = (word: Word, params?: Record<string, string | number>) => string
export type Locale = 'zh-CN' | 'en'

/** The first of the wishes that there is a catalogue for; a region (en-GB) falls to its language. */
export function chooseLocale(...wishes: (string | null | undefined)[]): Locale {
  const wish = wishes.find((tag) => /^(zh|en)/i.test(tag || ''))
  return /^zh/i.test(wish || '') ? 'zh-CN' : 'en'
}

export function sayIn(catalogue: Catalogue): Say {
  return (word, params = {}) => catalogue[word].replace(/\{(\w+)\}/g, (_, name: string) => String(params[name]))
}
