import { Refused, Unknown } from '@yingke/sync'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Marks } from '../src/panel/marks.ts'
import { TypingIn, TypingOut } from '../src/panel/typing.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('marks', () => {
  function marks(answer: () => Promise<unknown> = async () => ({})) {
    const tell = vi.fn((_told: unknown) => answer())
    const made = new Marks(tell)
    made.known({ key: 'k', delivered: 0, read: 0 })
    return { made, tell }
  }

  it('are told at most once a second, together', async () => {
    const { made, tell } = marks()
    made.delivered('k', 1)
    await pass(1)
    made.delivered('k', 2)
    made.read('k', 1)
    made.read('k', 2)
    await pass(900)
    expect(tell).toHaveBeenCalledTimes(1)
    await pass(200)
    expect(tell.mock.calls.map(([told]) => told)).toEqual([
      { conversation: 'k', delivered: 1 },
      { conversation: 'k', delivered: 2, read: 2 },
    ])
    await pass(60_000)
    expect(tell).toHaveBeenCalledTimes(2)
  })

  it('only grow, and what the server has is not told again', async () => {
    const { made, tell } = marks()
    made.known({ key: 'k', delivered: 5, read: 3 })
    made.read('k', 3)
    made.delivered('k', 4)
    made.delivered('another', 9)
    await pass(5_000)
    expect(tell).not.toHaveBeenCalled()
  })

  it('are told again until they are known, but not when they are refused', async () => {
    let error: Error = new Unknown('lost')
    const { made, tell } = marks(() => Promise.reject(error))
    made.read('k', 1)
    await pass(3_500)
    expect(tell).toHaveBeenCalledTimes(2)
    error = new Refused({ status: 404, code: 'not_found' })
    await pass(60_000)
    expect(tell).toHaveBeenCalledTimes(3)
  })

  it('begin anew with a new conversation', async () => {
    const { made, tell } = marks()
    made.read('k', 7)
    await pass(1_500)
    made.known({ key: 'next', delivered: 0, read: 0 })
    made.read('next', 1)
    await pass(1_500)
    expect(tell).toHaveBeenLastCalledWith({ conversation: 'next', delivered: 1, read: 1 })
  })
})

describe('typing', () => {
  it('is said at the first key, every 3 s while it goes on, and over 2 s after the last key', async () => {
    const said: [boolean, number][] = []
    const began = Date.now()
    const typing = new TypingOut((on) => said.push([on, Date.now() - began]))
    for (let i = 0; i < 8; i++) {
      typing.key(Date.now())
      await pass(500)
    }
    await pass(10_000)
    expect(said).toEqual([[true, 0], [true, 3000], [false, 5500]])
  })

  it('is over at once when the message is sent', () => {
    const say = vi.fn()
    const typing = new TypingOut(say)
    typing.stop()
    expect(say).not.toHaveBeenCalled()
    typing.key(0)
    typing.stop()
    expect(say.mock.calls).toEqual([[true], [false]])
    expect(typing.active).toBe(false)
  })

  it('of the agent expires after 5 s', async () => {
    const changed = vi.fn()
    const typing = new TypingIn(changed)
    typing.heard(true)
    await pass(4_000)
    typing.heard(true)
    await pass(4_000)
    expect(typing.on).toBe(true)
    await pass(1_000)
    expect(typing.on).toBe(false)
    expect(changed).toHaveBeenCalledTimes(2)
  })
})
