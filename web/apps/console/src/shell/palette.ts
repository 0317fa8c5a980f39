import { onScopeDispose, shallowReactive } from 'vue'

export interface Choice {
  key: string
  /** Already in the reader's language. */
  group: string
  title: string
  detail?: string
  run: () => void
}

type Source = () => Choice[]

const sources = shallowReactive(new Set<Source>())

/** Adds to Ctrl+K what a page or room has to offer, for as long as the calling component lives. */
export function usePalette(source: Source) {
  sources.add(source)
  onScopeDispose(() => sources.delete(source))
}

export function allChoices(): Choice[] {
  return [...sources].flatMap((source) => source())
}

/** Every word must be found; a hit at the title's beginning comes first, then in the title, then in the detail. */
export function match(choices: readonly Choice[], text: string, most = 60): Choice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const ranked: { choice: Choice; rank: number; at: number }[] = []
  choices.forEach((choice, at) => {
    const title = choice.title.toLowerCase()
    const whole = `${title} ${choice.detail?.toLowerCase() ?? ''} ${choice.group.toLowerCase()}`
    if (!words.every((word) => whole.includes(word))) return
    const rank = !words.length ? 0 : title.startsWith(words[0]!) ? 0 : words.every((word) => title.includes(word)) ? 1 : 2
    ranked.push({ choice, rank, at })
  })
  return ranked
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .slice(0, most)
    .map(({ choice }) => choice)
}
