import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTypingSender, useTypists } from '../store/typing.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('saying that I type', () => {
  it('begins at once, repeats every 3 s, ends 2 s after the last key', () => {
    const send = vi.fn()
    const typing = createTypingSender(send)
    for (let ms = 0; ms <= 4000; ms += 500) {
      typing.key()
      vi.advanceTimersByTime(500)
    }
    expect(send.mock.calls).toEqual([[true], [true]])
    vi.advanceTimersByTime(2000)
    expect(send.mock.calls.at(-1)).toEqual([false])
  })

  it('ends at once when sent, and says nothing where nothing was said', () => {
    const send = vi.fn()
    const typing = createTypingSender(send)
    typing.end()
    typing.key()
    typing.end()
    vi.advanceTimersByTime(5000)
    expect(send.mock.calls).toEqual([[true], [false]])
  })
})

describe('who types', () => {
  it('is forgotten after 5 s without renewal, and is never me', () => {
    const scope = effectScope()
    const { hear, who } = scope.run(() => useTypists(() => 'me'))!
    const signal = { who: 'customer' as const, key: 'c', name: '周雅婷', on: true }
    hear({ ...signal, key: 'me' })
    hear(signal)
    vi.advanceTimersByTime(4000)
    hear(signal)
    vi.advanceTimersByTime(4000)
    expect(who.value.map((one) => one.name)).toEqual(['周雅婷'])
    vi.advanceTimersByTime(1000)
    expect(who.value).toEqual([])
    hear(signal)
    hear({ ...signal, on: false })
    expect(who.value).toEqual([])
    scope.stop()
  })
})
