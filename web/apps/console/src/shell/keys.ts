import { onScopeDispose, shallowReactive } from 'vue'

export interface Shortcut {
  /** As `KeyboardEvent.key`; `mod+` stands for Ctrl, on Apple's for Command. */
  keys: readonly string[]
  /** Where it is listed, as keys of the catalogue. */
  group: string
  label: string
  /** Works while a text field has the focus too. */
  whileTyping?: boolean
  /** False hands the key on to whatever else may want it. */
  run: (key: string) => boolean | void
}

const shortcuts = shallowReactive(new Set<Shortcut>())

export const apple = /Mac|iPhone|iPad/.test(navigator.platform)

export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  return !!element?.closest?.('input, textarea, select, [contenteditable="true"]')
}

export function nameOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  return (apple ? event.metaKey : event.ctrlKey) ? `mod+${key}` : key
}

/** As it stands on the keyboard. */
export function printed(key: string): string {
  const signs: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' }
  const last = key.replace('mod+', '')
  const sign = signs[last] ?? (last.length === 1 ? last.toUpperCase() : last)
  return key.startsWith('mod+') ? `${apple ? '⌘' : 'Ctrl'} ${sign}` : sign
}

/** Adds shortcuts for as long as the calling component lives. The latest added is asked first. */
export function useKeys(added: readonly Shortcut[]) {
  for (const shortcut of added) shortcuts.add(shortcut)
  onScopeDispose(() => {
    for (const shortcut of added) shortcuts.delete(shortcut)
  })
}

export function listShortcuts(): Shortcut[] {
  return [...shortcuts]
}

export function handleKey(event: KeyboardEvent) {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.altKey) return
  // What lies over the page has the keyboard for itself.
  if (document.querySelector('dialog[open]')) return
  const name = nameOf(event)
  for (const shortcut of [...shortcuts].reverse()) {
    if (!shortcut.keys.includes(name)) continue
    if (!shortcut.whileTyping && isTyping(event.target)) continue
    if (shortcut.run(name) === false) continue
    event.preventDefault()
    return
  }
}
