import { nextTick, ref, watch } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Locale } from '@yingke/api'
import type { Catalogue } from './catalogues/merge.ts'
import type { usePrefs } from './prefs.ts'


const loaders: Record<Locale, () => Promise<{ default: Catalogue }>> = {
  'zh-CN': () => import('./catalogues/zh-CN.ts'),
  en: () => import('./catalogues/en.ts'),
}

export const locales = Object.keys(loaders) as Locale[]

/** A language is named in itself, whatever the page speaks. */
export const nameOfLocale: Record<Locale, string> = { 'zh-CN': '简体中文', en: 'English' }

export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    if (language.toLowerCase().startsWith('zh')) return 'zh-CN'
    if (language.toLowerCase().startsWith('en')) return 'en'
  }
  return 'zh-CN'
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: false,
  messages: {} as Record<string, Catalogue>,
  missingWarn: import.meta.env.DEV,
})

/** The language the page speaks now. */
export const spoken = ref<Locale>('zh-CN')

export async function speak(locale: Locale) {
  const { global } = i18n
  if (!global.availableLocales.includes(locale)) global.setLocaleMessage(locale, (await loaders[locale]()).default)
  global.locale.value = locale
  spoken.value = locale
  document.documentElement.lang = locale
  await nextTick()
}

/** The language chosen here, else the browser's. */
export async function followLocale(prefs: ReturnType<typeof usePrefs>) {
  const wanted = () => prefs.locale ?? preferredLocale(navigator.languages)
  await speak(wanted())
  watch(wanted, (locale) => void speak(locale))
}
