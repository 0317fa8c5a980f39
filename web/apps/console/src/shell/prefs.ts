import { defineStore } from 'pinia'
import { reactive, toRefs, watch } from 'vue'
import type { Locale } from '@yingke/api'
import { load, onOtherWindow, save } from './storage.ts'

const KEY = 'yk:prefs'

export interface Prefs {
  theme: 'system' | 'light' | 'dark'
  density: 'comfortable' | 'compact'
  locale: Locale | null
  sendWith: 'enter' | 'ctrl-enter'
  sound: boolean
  desktop: boolean
  listWidth: number
  contextWidth: number
  contextShown: boolean
}

export const initialPrefs: Prefs = {
  theme: 'system',
  density: 'comfortable',
  locale: null,
  sendWith: 'enter',
  sound: true,
  desktop: false,
  listWidth: 312,
  contextWidth: 296,
  contextShown: true,
}

/** How this person likes the console in this browser. All windows follow. */
export const usePrefs = defineStore('prefs', () => {
  const prefs = reactive<Prefs>({ ...initialPrefs, ...load<Partial<Prefs>>(KEY) })
  watch(prefs, () => save(KEY, prefs))
  onOtherWindow((key) => {
    if (key === KEY) Object.assign(prefs, load<Partial<Prefs>>(KEY))
  })
  return toRefs(prefs)
})

/** Puts theme and density on the page's root, where the tokens read them. */
export function showPrefs(prefs: ReturnType<typeof usePrefs>) {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const paint = () => {
    const root = document.documentElement
    root.dataset['theme'] = prefs.theme === 'system' ? (dark.matches ? 'dark' : 'light') : prefs.theme
    root.dataset['density'] = prefs.density
  }
  dark.addEventListener('change', paint)
  watch(() => [prefs.theme, prefs.density], paint, { immediate: true })
}
