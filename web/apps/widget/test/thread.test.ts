import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Thread } from '../src/panel/thread.ts'
import type { Entry } from '../src/panel/thread-model.ts'
import { sayIn } from '../src/words/words.ts'
import zh from '../src/words/zh-CN.json' with { type: 'json' }

const actions = { retry: vi.fn(), edit: vi.fn(), remove: vi.fn(), older: vi.fn(), seen: vi.fn() }
let notice: (entries: Partial<IntersectionObserverEntry>[]) => void
let thread: Thread

const theirs = (seq: number, text = 'm' + seq): Entry => ({ kind: 'theirs', key: 'k' + seq, text, conversation: 'k', seq })
const shown = () => [...thread.element.querySelectorAll('.list > *')]

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      observe = vi.fn()
      unobserve = vi.fn()
      constructor(call: typeof notice) {
        notice = call
      }
    },
  )
  for (const action of Object.values(actions)) action.mockReset()
  thread = new Thread(sayIn(zh), actions)
  document.body.replaceChildren(thread.element)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the thread', () => {
  it('shows text as text', () => {
    thread.render([theirs(1, '<img src=x onerror=alert(1)> & https://a.cn/')], false, false)
    const bubble = shown()[0]!
    expect(bubble.textContent).toBe('<img src=x onerror=alert(1)> & https://a.cn/')
    expect(bubble.querySelector('img')).toBeNull()
    const link = bubble.querySelector('a')!
    expect([link.href, link.target, link.rel]).toEqual(['https://a.cn/', '_blank', 'noopener noreferrer nofollow'])
  })

  it('keeps the nodes of what has not changed, in the order of the entries', () => {
    thread.render([theirs(2), theirs(4)], false, false)
    const [two, four] = shown()
    thread.render([theirs(1), theirs(2), theirs(3), theirs(4, 'changed'), theirs(5)], false, false)
    expect(shown().map((node) => node.textContent)).toEqual(['m1', 'm2', 'm3', 'changed', 'm5'])
    expect(shown()[1]).toBe(two)
    expect(shown()[3]).not.toBe(four)
    thread.render([theirs(5), theirs(2)], false, true)
    expect(shown().map((node) => node.textContent)).toEqual(['m5', 'm2'])
  })

  it('offers what can be done about a refused message', () => {
    thread.render([{ kind: 'mark', key: 'm:a', id: 'a', mark: 'failed', text: '未送达', canRetry: true }], false, false)
    for (const button of thread.element.querySelectorAll<HTMLElement>('.mark button')) button.click()
    expect([actions.retry, actions.edit, actions.remove].map((action) => action.mock.calls)).toEqual([[['a']], [['a']], [['a']]])
  })

  describe('a message is seen', () => {
    const view = (node: Element, ratio: number, height = 10) =>
      notice([{ target: node, intersectionRatio: ratio, intersectionRect: { height }, rootBounds: { height: 400 } } as never])
    beforeEach(() => {
      thread.render([theirs(1)], false, false)
      thread.look(true)
    })

    it('after half a second in view, once', () => {
      view(shown()[0]!, 0.6)
      vi.advanceTimersByTime(499)
      expect(actions.seen).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(actions.seen).toHaveBeenCalledWith('k', 1)
      view(shown()[0]!, 1)
      vi.advanceTimersByTime(1000)
      expect(actions.seen).toHaveBeenCalledTimes(1)
    })

    it('also when it is taller than the panel', () => {
      view(shown()[0]!, 0.2, 300)
      vi.advanceTimersByTime(500)
      expect(actions.seen).toHaveBeenCalledTimes(1)
    })

    it('not when it leaves before, nor when the panel is closed or the page hidden meanwhile', () => {
      view(shown()[0]!, 1)
      vi.advanceTimersByTime(300)
      view(shown()[0]!, 0.1)
      vi.advanceTimersByTime(1000)
      view(shown()[0]!, 1)
      thread.look(false)
      vi.advanceTimersByTime(1000)
      expect(actions.seen).not.toHaveBeenCalled()
    })
  })
})
