import { Refused } from '@yingke/sync'
import { describe, expect, it, vi } from 'vitest'
import { shallowRef } from 'vue'
import type { Live, LiveTopic } from '../../../shell/live.ts'
import { createThreads } from '../store/threads.ts'
import { message } from './rows.ts'

function fakeLive() {
  const ended: string[] = []
  const rows = shallowRef([message(51), message(52)])
  const live = {
    topic: (name: string): LiveTopic => ({
      state: 'ready',
      all: (() => rows.value) as LiveTopic['all'],
      get: () => undefined,
      hold: (sealed) => void (rows.value = [...(sealed.map(([, , , row]) => row) as typeof rows.value), ...rows.value]),
      onSignal: () => () => undefined,
      end: () => void ended.push(name),
    }),
  } as unknown as Live
  return { live, ended }
}

describe('threads', () => {
  it('are kept for a while, the one not used for longest is given up', () => {
    const { live, ended } = fakeLive()
    const threads = createThreads(live, { olderMessages: vi.fn() })
    const first = threads.open('0')
    for (let i = 1; i < 20; i++) threads.open(String(i))
    expect(threads.open('0')).toBe(first)
    threads.open('20')
    expect(ended).toEqual(['thread/1'])
  })

  it('prepared ahead never push out the one that is open', () => {
    const { live, ended } = fakeLive()
    const threads = createThreads(live, { olderMessages: vi.fn() })
    for (let i = 0; i < 8; i++) threads.open(`old ${i}`)
    threads.prepare(Array.from({ length: 30 }, (_, i) => String(i)))
    expect(ended).toEqual([])
  })

  it('load what is older before the first message held, until seq 1', async () => {
    const { live } = fakeLive()
    const olderMessages = vi.fn(async () => ({ rows: [['message', 'a', 1, message(1)]] as never, more: false }))
    const { older, messages } = createThreads(live, { olderMessages }).open('a')
    expect(older.more.value).toBe(true)
    await older.load()
    expect(olderMessages).toHaveBeenCalledWith('a', 51, 50)
    expect(messages.value.map((row) => row.seq)).toEqual([1, 51, 52])
    expect(older.more.value).toBe(false)
  })

  it('say what went wrong, and can be asked again', async () => {
    const { live } = fakeLive()
    const olderMessages = vi.fn().mockRejectedValue(new Refused({ code: 'busy', status: 503 }))
    const { older } = createThreads(live, { olderMessages }).open('a')
    await older.load()
    expect(older.problem.value?.code).toBe('busy')
    expect(older.loading.value).toBe(false)
  })
})
