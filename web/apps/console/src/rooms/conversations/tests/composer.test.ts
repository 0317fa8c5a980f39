import { describe, expect, it } from 'vitest'
import { actionOf, lengthOf, LIMIT, roomFor } from '../store/composer.ts'

const key = (part: Partial<Parameters<typeof actionOf>[0]> = {}) => ({
  key: 'Enter',
  keyCode: 13,
  isComposing: false,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...part,
})

describe('Enter', () => {
  it('sends, and breaks the line with Shift or Ctrl', () => {
    expect(actionOf(key(), 'enter', false)).toBe('send')
    expect(actionOf(key({ shiftKey: true }), 'enter', false)).toBeNull()
    expect(actionOf(key({ ctrlKey: true }), 'enter', false)).toBe('break')
  })

  it('sends only with Ctrl where that was chosen', () => {
    expect(actionOf(key(), 'ctrl-enter', false)).toBeNull()
    expect(actionOf(key({ ctrlKey: true }), 'ctrl-enter', false)).toBe('send')
    expect(actionOf(key({ metaKey: true }), 'ctrl-enter', false)).toBe('send')
  })

  it.each([
    ['while composing', key({ isComposing: true })],
    ['as Safari reports it, after the composition ended', key({ keyCode: 229 })],
    ['with both', key({ isComposing: true, keyCode: 229 })],
  ])('never sends for an input method: %s', (_, event) => {
    expect(actionOf(event, 'enter', false)).toBeNull()
    expect(actionOf({ ...event, ctrlKey: true }, 'ctrl-enter', false)).toBeNull()
  })

  it('breaks the line on a touch keyboard, which has no Shift+Enter', () => expect(actionOf(key(), 'enter', true)).toBeNull())
  it('is the only key that matters', () => expect(actionOf(key({ key: 'a' }), 'enter', false)).toBeNull())
})

describe('length', () => {
  it('counts characters as the server does', () => {
    expect(lengthOf('字𠮷😀')).toBe(3)
    expect(lengthOf('\ud83d')).toBe(1)
  })

  it('is shown near the limit and refused above it', () => {
    expect(roomFor('字'.repeat(LIMIT - 500))).toMatchObject({ near: false, sendable: true })
    expect(roomFor('字'.repeat(LIMIT))).toMatchObject({ near: true, over: false, left: 0, sendable: true })
    expect(roomFor('😀'.repeat(LIMIT + 1))).toMatchObject({ over: true, left: -1, sendable: false })
  })

  it('of nothing but space is not sendable', () => expect(roomFor(' \n\t').sendable).toBe(false))
})
