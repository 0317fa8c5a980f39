import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Refused, Unknown } from '../src/http.ts'
import { LocalStore } from '../src/local-store.ts'
import { Outbox } from '../src/outbox.ts'
import { Full, type Saved, type Store } from '../src/store.ts'
import { FakeChannel, FakeLocks } from './browser.ts'
import { seeded } from './seeded.ts'
import { FakeStorage } from './storage.ts'

interface Attempt {
  message: Saved
  ack(answer?: unknown): Promise<void>
  refuse(): Promise<void>
  fail(retryAfter?: number): Promise<void>
}

let storage: FakeStorage
let attempts: Attempt[]
let boxes: Outbox[]
const settle = async () => void (await vi.advanceTimersByTimeAsync(100))

/** A tab. Its sends come out in `attempts`, for the test to answer. */
function tab(store: Store = new LocalStore(storage, 'o:')): Outbox {
  const box = new Outbox({
    name: 'o',
    store,
    changed: () => undefined,
    random: () => 0.5,
    send: (message) =>
      new Promise((resolve, reject) => {
        attempts.push({
          message,
          ack: (answer = {}) => (resolve(answer), settle()),
          refuse: () => (reject(new Refused({ status: 422, code: 'text_empty' })), settle()),
          fail: (retryAfter = 0) => (reject(new Unknown('lost', retryAfter)), settle()),
        })
      }),
  })
  boxes.push(box)
  return box
}
const latest = () => attempts[attempts.length - 1]!
const texts = () => attempts.map(({ message }) => message.args.text)
const states = (box: Outbox, target?: string) => box.items(target).map(({ args, state }) => `${args.text} ${state}`)

beforeEach(() => {
  vi.useFakeTimers()
  storage = new FakeStorage()
  attempts = []
  boxes = []
  FakeChannel.open.clear()
  vi.stubGlobal('BroadcastChannel', FakeChannel)
  vi.stubGlobal('navigator', { locks: new FakeLocks() })
})
afterEach(() => {
  for (const box of boxes) box.close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

for (const locks of [true, false]) {
  describe(locks ? 'an outbox' : 'an outbox without Web Locks', () => {
    beforeEach(() => {
      if (!locks) vi.stubGlobal('navigator', {})
    })

    it('sends one after the other, each when the one before is answered', async () => {
      const box = tab()
      for (const text of ['1', '2', '3']) await box.add('t', 'send', { text })
      await settle()
      expect(texts()).toEqual(['1'])
      expect(states(box)).toEqual(['1 sending', '2 queued', '3 queued'])
      await latest().ack({ seq: 1 })
      expect(texts()).toEqual(['1', '2'])
      await latest().refuse()
      expect(texts()).toEqual(['1', '2', '3'])
      await latest().ack({ seq: 2 })
      expect(states(box)).toEqual(['1 sent', '2 failed', '3 sent'])
      expect(box.items()[0]!.answer).toEqual({ seq: 1 })
    })

    it('repeats with the same id, before anything later, for as long as it takes', async () => {
      const box = tab()
      await box.add('t', 'send', { text: '1' })
      await box.add('t', 'send', { text: '2' })
      await settle()
      for (const wait of [1, 2, 4, 8, 16, 30, 30]) {
        const before = attempts.length
        await latest().fail()
        await vi.advanceTimersByTimeAsync(wait * 1000 - 300)
        expect(attempts).toHaveLength(before)
        await vi.advanceTimersByTimeAsync(600)
        expect(attempts).toHaveLength(before + 1)
      }
      expect(new Set(attempts.map(({ message }) => message.id)).size).toBe(1)
      await latest().ack()
      expect(latest().message.args.text).toBe('2')
    })

    it('two tabs keep one order and show nothing twice', async () => {
      const [one, two] = [tab(), tab()]
      await one.add('t', 'send', { text: '1' })
      await settle()
      await two.add('t', 'send', { text: '2' })
      await settle()
      expect(texts()).toEqual(['1'])
      await latest().ack()
      await vi.advanceTimersByTimeAsync(2000)
      expect(texts()).toEqual(['1', '2'])
      await latest().ack()
      await vi.advanceTimersByTimeAsync(2000)
      expect(texts()).toEqual(['1', '2'])
      await two.start()
      expect(states(one).every((state) => !/queued|sending|failed/.test(state))).toBe(true)
      expect(states(two)).toEqual(['1 sent', '2 sent'])
    })
  })
}

describe('an outbox', () => {
  it('sends to several targets side by side', async () => {
    const box = tab()
    await box.add('a', 'send', { text: 'a' })
    await box.add('b', 'send', { text: 'b' })
    await settle()
    expect(texts()).toEqual(['a', 'b'])
    expect(states(box, 'b')).toEqual(['b sending'])
  })

  it('waits at least as long as the server asks', async () => {
    const box = tab()
    await box.add('t', 'send', { text: '1' })
    await settle()
    await latest().fail(9_000)
    await vi.advanceTimersByTimeAsync(8_000)
    expect(attempts).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(attempts).toHaveLength(2)
  })

  it('tries at once when poked', async () => {
    const box = tab()
    await box.add('t', 'send', { text: '1' })
    await settle()
    for (let i = 0; i < 6; i++) {
      await latest().fail()
      box.poke()
      await settle()
    }
    expect(attempts).toHaveLength(7)
  })

  it('says late after 15 s, and goes on trying', async () => {
    const changed = vi.fn()
    const box = new Outbox({ name: 'o', store: new LocalStore(storage, 'o:'), send: () => new Promise(() => {}), changed })
    boxes.push(box)
    await box.add('t', 'send', { text: '1' })
    await vi.advanceTimersByTimeAsync(14_999)
    expect(box.items()[0]!.late).toBe(false)
    changed.mockClear()
    await vi.advanceTimersByTimeAsync(1)
    expect(changed).toHaveBeenCalled()
    expect(box.items()[0]).toMatchObject({ late: true, state: 'sending' })
  })

  it('never lets a timer take anything away', async () => {
    const box = tab()
    await box.add('t', 'send', { text: '1' })
    await settle()
    await latest().refuse()
    await box.add('t', 'send', { text: '2' })
    await settle()
    await latest().ack()
    await vi.advanceTimersByTimeAsync(86_400_000)
    expect(states(box)).toEqual(['1 failed', '2 sent'])
    box.settle(box.items().map(({ id }) => id))
    expect(states(box)).toEqual(['1 failed'])
  })

  it('sends after a reload what a killed page left, with the same id and in order', async () => {
    const killed = tab()
    const ids = [await killed.add('t', 'send', { text: '1' }), await killed.add('t', 'send', { text: '2' })]
    killed.close()
    vi.stubGlobal('navigator', { locks: new FakeLocks() }) // a browser takes back the locks of a dead page
    attempts = []
    const box = tab()
    await box.start()
    await settle()
    await latest().ack()
    expect(attempts.map(({ message }) => message.id)).toEqual(ids)
    const later = await box.add('t', 'send', { text: '3' })
    expect(later > ids[1]!).toBe(true)
  })

  it('keeps what was refused, with its text and reason, over a reload', async () => {
    const first = tab()
    await first.add('t', 'send', { text: '1' })
    await settle()
    await latest().refuse()
    first.close()
    const box = tab()
    await box.start()
    await settle()
    expect(attempts).toHaveLength(1)
    expect(box.items()[0]).toMatchObject({ state: 'failed', args: { text: '1' }, problem: { code: 'text_empty' } })
  })

  it('sends what was refused again as a new message, or removes it', async () => {
    const box = tab()
    const id = await box.add('t', 'send', { text: '1' })
    await settle()
    await latest().refuse()
    await box.retry(id)
    await settle()
    expect(attempts).toHaveLength(2)
    expect(latest().message.id).not.toBe(id)
    await latest().refuse()
    await box.remove(box.items()[0]!.id)
    expect(box.items()).toEqual([])
    expect(storage.length).toBe(0)
  })

  it('does not remove what may already have been done', async () => {
    const box = tab()
    const id = await box.add('t', 'send', { text: '1' })
    await settle()
    await box.remove(id)
    expect(states(box)).toEqual(['1 sending'])
  })

  it('holds nothing of a message that had no room', async () => {
    const box = tab()
    for (let i = 0; i < 50; i++) await box.add('t', 'send', { text: String(i) })
    await expect(box.add('t', 'send', { text: 'more' })).rejects.toBeInstanceOf(Full)
    expect(box.items()).toHaveLength(50)
  })

  it('takes over what a tab left that was closed', async () => {
    const [one, two] = [tab(), tab()]
    await one.add('t', 'send', { text: '1' })
    await settle()
    await latest().fail()
    one.close()
    await two.start()
    await settle()
    await latest().ack()
    expect(states(two)).toEqual(['1 sent'])
    expect(storage.length).toBe(0)
  })

  it('delivers everything once and in order through a bad network, from three tabs', async () => {
    const random = seeded(11)
    const done: string[] = []
    const server = new Set<string>()
    const send = async (message: Saved) => {
      await new Promise((resume) => setTimeout(resume, random() * 300))
      if (random() < 0.3) throw new Unknown('lost on the way there')
      if (!server.has(message.id)) done.push(message.id)
      server.add(message.id)
      if (random() < 0.3) throw new Unknown('lost on the way back')
      return {}
    }
    const tabs = [1, 2, 3].map(() => new Outbox({ name: 'o', store: new LocalStore(storage, 'o:'), send, random, changed: vi.fn() }))
    boxes.push(...tabs)
    const ids: string[] = []
    for (let i = 0; i < 30; i++) {
      ids.push(await tabs[Math.floor(random() * 3)]!.add('t', 'send', { text: String(i) }))
      await vi.advanceTimersByTimeAsync(random() * 500)
    }
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(done).toEqual(ids)
    expect(storage.length).toBe(0)
  })
})
