export const LIMIT = 10_000
/** The count is shown when this near to the limit. */
const NEAR = 500

export type SendWith = 'enter' | 'ctrl-enter'

interface Key {
  key: string
  keyCode: number
  isComposing: boolean
  shiftKey: boolean
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
}

/**
 * What a key does in the composer: `send`, `break` (put a line break in, which the browser would not do by itself) or nothing of
 * ours. An Enter that belongs to an input method is never ours: browsers say `isComposing`, Safari ends the composition first
 * and then reports the same key with code 229.
 */
export function actionOf(event: Key, sendWith: SendWith, touch: boolean): 'send' | 'break' | null {
  if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return null
  const withControl = event.ctrlKey || event.metaKey
  if (event.shiftKey || event.altKey) return null
  if (sendWith === 'ctrl-enter') return withControl ? 'send' : null
  if (withControl) return 'break'
  return touch ? null : 'send'
}

/** The server counts Unicode characters, JavaScript's `length` counts halves of some. */
export function lengthOf(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const high = text.charCodeAt(i)
    if (high >= 0xd800 && high < 0xdc00) {
      const low = text.charCodeAt(i + 1)
      if (low >= 0xdc00 && low < 0xe000) {
        count--
        i++
      }
    }
  }
  return count
}

export interface Room {
  length: number
  left: number
  near: boolean
  over: boolean
  sendable: boolean
}

export function roomFor(text: string): Room {
  const length = lengthOf(text)
  return { length, left: LIMIT - length, near: length > LIMIT - NEAR, over: length > LIMIT, sendable: length <= LIMIT && text.trim() !== '' }
}
