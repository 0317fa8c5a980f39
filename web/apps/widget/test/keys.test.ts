import { describe, expect, it } from 'vitest'
import { Composition, type Key } from '../src/panel/keys.ts'

const enter: Key = { key: 'Enter', keyCode: 13, isComposing: false, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false }

describe('Enter', () => {
  it('sends', () => {
    expect(new Composition().sends(enter, 0)).toBe(true)
  })

  it.each(['shiftKey', 'ctrlKey', 'altKey', 'metaKey'])('does not send with %s', (modifier) => {
    expect(new Composition().sends({ ...enter, [modifier]: true }, 0)).toBe(false)
  })

  it('confirms a word while the input method is composing', () => {
    expect(new Composition().sends({ ...enter, isComposing: true }, 0)).toBe(false)
    expect(new Composition().sends({ ...enter, keyCode: 229 }, 0)).toBe(false)
    const composition = new Composition()
    composition.start()
    expect(composition.sends(enter, 0)).toBe(false)
  })

  it('does not send right after the composition, where Safari puts the Enter that ended it', () => {
    const composition = new Composition()
    composition.start()
    composition.end(1000)
    expect(composition.sends(enter, 1005)).toBe(false)
    expect(composition.sends(enter, 1100)).toBe(true)
  })
})
