import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { openIndexedStore } from '../src/indexed-store.ts'
import { LocalStore } from '../src/local-store.ts'
import { Full, MemoryStore, type Saved, type Store } from '../src/store.ts'
import { FakeStorage } from './storage.ts'

const message = (id: string, text = 'x'): Saved => ({ id, target: 't', name: 'send', args: { text }, at: 1 })

const stores: [string, () => Store | Promise<Store>][] = [
  ['memory', () => new MemoryStore()],
  ['local', () => new LocalStore(new FakeStorage(), 'yk:')],
  ['indexed', () => openIndexedStore('test-' + Math.random())],
]
for (const [name, make] of stores) {
  describe(name, () => {
    let store: Store
    beforeEach(async () => {
      store = await make()
    })

    it('keeps messages in the order of their ids, each once', async () => {
      for (const id of ['b', 'a', 'c', 'a']) await store.put(message(id))
      expect((await store.all()).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      await store.remove('b')
      await store.remove('b')
      expect((await store.all()).map(({ id }) => id)).toEqual(['a', 'c'])
    })

    it('keeps what a message says', async () => {
      const refused = { ...message('a', '你好'), problem: { status: 422, code: 'text_empty' } }
      await store.put(refused)
      expect(await store.all()).toEqual([refused])
    })

    it('lends a lease to one tab at a time', async () => {
      if (name === 'memory') return
      expect(await store.lease('t', 'one', 200)).toBe(true)
      expect(await store.lease('t', 'two', 200)).toBe(false)
      expect(await store.lease('u', 'two', 200)).toBe(true)
      expect(await store.lease('t', 'one', 200)).toBe(true)
      await store.lease('t', 'one', 0)
      await new Promise((resume) => setTimeout(resume, 1))
      expect(await store.lease('t', 'two', 200)).toBe(true)
      expect(await store.all()).toEqual([])
    })
  })
}

describe('local', () => {
  it('takes 50 messages, and none over 1 MB', async () => {
    const store = new LocalStore(new FakeStorage(), 'yk:')
    await expect(store.put(message('big', 'x'.repeat(1_000_001)))).rejects.toBeInstanceOf(Full)
    for (let i = 0; i < 50; i++) await store.put(message('m' + i))
    await expect(store.put(message('m50'))).rejects.toBeInstanceOf(Full)
    await store.put({ ...message('m7'), problem: { status: 422, code: 'text_empty' } })
    expect(await store.all()).toHaveLength(50)
  })

  it('keeps in memory what the browser will not store', async () => {
    const storage = new FakeStorage()
    vi.spyOn(storage, 'setItem').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    const store = new LocalStore(storage, 'yk:')
    await store.put(message('a'))
    expect(await store.all()).toEqual([message('a')])
    expect(storage.length).toBe(0)
  })

  it('leaves nothing behind', async () => {
    const storage = new FakeStorage()
    const store = new LocalStore(storage, 'yk:')
    await store.put(message('a'))
    await store.lease('t', 'one', 500)
    await store.remove('a')
    await store.lease('t', 'one', 0)
    expect(storage.length).toBe(0)
  })

  it('lends a contested lease to one of two', async () => {
    const storage = new FakeStorage()
    const [one, two] = [new LocalStore(storage, 'yk:'), new LocalStore(storage, 'yk:')]
    const got = await Promise.all([one.lease('t', 'one', 500), two.lease('t', 'two', 500)])
    expect(got.filter(Boolean)).toHaveLength(1)
  })
})

describe('indexed', () => {
  it('falls back to memory where the getter throws', async () => {
    const real = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')!
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get() {
        throw new DOMException('denied', 'SecurityError')
      },
    })
    const store = await openIndexedStore('denied')
    Object.defineProperty(globalThis, 'indexedDB', real)
    expect(store).toBeInstanceOf(MemoryStore)
  })
})
