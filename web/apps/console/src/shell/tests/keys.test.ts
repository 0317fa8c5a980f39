import { effectScope } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { handleKey, nameOf, printed, useKeys } from '../keys.ts'

const scope = () => effectScope()
function press(key: string, init: KeyboardEventInit & { keyCode?: number } = {}, target: EventTarget = document.body) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init })
  Object.defineProperty(event, 'keyCode', { value: init.keyCode ?? 0 })
  target.addEventListener('keydown', handleKey as EventListener, { once: true })
  target.dispatchEvent(event)
  return event
}

afterEach(() => (document.body.innerHTML = ''))

describe('shortcuts', () => {
  it('run, and stop with the component that added them', () => {
    const run = vi.fn()
    const life = scope()
    life.run(() => useKeys([{ keys: ['j'], group: '', label: '', run }]))
    expect(press('J').defaultPrevented).toBe(true)
    life.stop()
    press('j')
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('leave text fields and input methods alone', () => {
    const run = vi.fn()
    const life = scope()
    life.run(() => useKeys([{ keys: ['j'], group: '', label: '', run }]))
    const field = document.body.appendChild(document.createElement('textarea'))
    press('j', {}, field)
    press('j', { isComposing: true })
    press('j', { keyCode: 229 })
    press('j', { altKey: true })
    expect(run).not.toHaveBeenCalled()
    life.stop()
  })

  it('hand a key on when they do not want it', () => {
    const first = vi.fn()
    const life = scope()
    life.run(() =>
      useKeys([
        { keys: ['Enter'], group: '', label: '', run: first },
        { keys: ['Enter'], group: '', label: '', run: () => false },
      ]),
    )
    press('Enter')
    expect(first).toHaveBeenCalledOnce()
    life.stop()
  })

  it('are named and printed alike', () => {
    expect(nameOf({ key: 'K', ctrlKey: true, metaKey: false })).toBe('mod+k')
    expect(printed('mod+k')).toBe('Ctrl K')
    expect(printed('ArrowUp')).toBe('↑')
  })
})
