import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LADDER } from '../src/ladder.ts'
import { Connection, type Status } from '../src/connection.ts'
import type { Replica } from '../src/replica.ts'
import { Refused, Unknown } from '../src/http.ts'
import { FakeFetch, FakeSocket, deaf, fakeDoor } from './fakes.ts'

const SNAPSHOT = { t: 'snapshot', topic: 'chat', cursor: 'c1', rows: [['message', 'a', 1, { seq: 1 }]], more: false }

let server: FakeFetch
let statuses: Status[]
let connection: Connection
let replica: Replica
const unauthorised = vi.fn()
const signal = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  server = new FakeFetch()
  statuses = []
  unauthorised.mockReset()
  signal.mockReset()
})
afterEach(() => {
  connection.dispose()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A visible page whose window is the test's. */
function stubPage(): EventTarget {
  const page = new EventTarget()
  vi.stubGlobal('document', { visibilityState: 'visible' })
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  return page
}

function start(random = 0.5): void {
  connection = new Connection(fakeDoor(server), {
    ladder: LADDER,
    status: (status) => void statuses.push(status),
    unauthorised,
    random: () => random,
  })
  replica = connection.subscribe('chat', { ...deaf, signal }).replica
  connection.start()
}
function live(): FakeSocket {
  start()
  const socket = FakeSocket.latest()
  socket.greet()
  socket.say(SNAPSHOT)
  return socket
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('a socket', () => {
  it('says hello, subscribes, and holds the snapshot', () => {
    const socket = live()
    expect(socket.url).toBe('wss://desk.example/w/v1/live')
    expect(socket.sent).toEqual([
      { t: 'hello', v: 1, token: 'tok', locale: 'zh-CN' },
      { t: 'subscribe', topics: { chat: null } },
    ])
    expect(replica.all('message')).toEqual([{ seq: 1 }])
    expect(statuses).toEqual(['connecting', 'live'])
  })

  it('comes back by cursor when it is lost', async () => {
    live().drop()
    await pass(250)
    const second = FakeSocket.latest()
    second.greet()
    expect(FakeSocket.made).toHaveLength(2)
    expect(second.of('subscribe')).toEqual([{ t: 'subscribe', topics: { chat: 'c1' } }])
    second.say({ t: 'resumed', topic: 'chat' })
    expect(replica.all('message')).toEqual([{ seq: 1 }])
  })

  it('is given up when a frame is missing, and what came after the gap is not applied', async () => {
    const socket = live()
    socket.say({ t: 'change', topic: 'chat', cursor: 'c3', changes: [['put', 'message', 'c', 1, { seq: 3 }]] }, 4)
    expect(socket.closed).toBe(true)
    expect(replica.cursor).toBe('c1')
    await pass(250)
    expect(FakeSocket.made).toHaveLength(2)
  })

  it('is pinged, and is dead when nothing at all comes within 10 s', async () => {
    const socket = live()
    await pass(25_000)
    expect(socket.of('ping')).toHaveLength(1)
    socket.say({ t: 'pong', cursor: 'c2' })
    expect(replica.cursor).toBe('c2')
    await pass(25_000)
    await pass(9_999)
    expect(connection.status).toBe('live')
    await pass(1)
    expect(connection.status).toBe('waiting')
    expect(socket.closed).toBe(true)
  })

  it('is alive when any frame comes after a ping', async () => {
    const socket = live()
    await pass(34_000)
    socket.say({ t: 'change', topic: 'chat', cursor: 'c2', changes: [] })
    await pass(10_000)
    expect(connection.status).toBe('live')
  })

  it('passes signals on', () => {
    live().say({ t: 'signal', topic: 'chat', name: 'typing', data: { on: true } })
    expect(signal).toHaveBeenCalledWith('typing', { on: true })
  })

  it('does not ask again for a topic that was denied', async () => {
    const socket = live()
    const denied = vi.fn()
    connection.subscribe('thread/1', { ...deaf, denied })
    socket.say({ t: 'denied', topic: 'thread/1', problem: { status: 403, code: 'forbidden' } })
    socket.say({ t: 'change', topic: 'thread/1', cursor: 'c9', changes: [] })
    expect(denied).toHaveBeenCalledWith({ status: 403, code: 'forbidden' })
    socket.drop()
    await pass(250)
    FakeSocket.latest().greet()
    expect(FakeSocket.latest().of('subscribe')).toEqual([{ t: 'subscribe', topics: { chat: 'c1' } }])
  })

  it('subscribes and unsubscribes at run time', () => {
    const socket = live()
    const other = connection.subscribe('thread/1', deaf)
    other.unsubscribe()
    expect(socket.sent.slice(2)).toEqual([
      { t: 'subscribe', topics: { 'thread/1': null } },
      { t: 'unsubscribe', topics: ['thread/1'] },
    ])
  })
})

describe('coming back', () => {
  it('waits 0.5 s doubled up to 30 s, each with full jitter', async () => {
    start(1)
    for (const wait of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = FakeSocket.made.length
      FakeSocket.latest().greet()
      FakeSocket.latest().drop()
      await pass(wait - 1)
      expect(FakeSocket.made).toHaveLength(before)
      await pass(1)
      expect(FakeSocket.made).toHaveLength(before + 1)
    }
    connection.dispose()
    start(0)
    FakeSocket.latest().drop()
    const before = FakeSocket.made.length
    await pass(0)
    expect(FakeSocket.made).toHaveLength(before + 1)
  })

  it('starts again from 0.5 s after a connection that held', async () => {
    start(1)
    for (let i = 0; i < 3; i++) {
      FakeSocket.latest().greet()
      await pass(6_000)
      FakeSocket.latest().drop()
      await pass(500)
    }
    expect(FakeSocket.made).toHaveLength(4)
  })

  it('does not wait when the page becomes visible or used, or the device comes on line', () => {
    const page = stubPage()
    start(1)
    for (const event of ['online', 'pageshow', 'visibilitychange', 'focus']) {
      FakeSocket.latest().greet()
      FakeSocket.latest().drop()
      const before = FakeSocket.made.length
      page.dispatchEvent(new Event(event))
      expect(FakeSocket.made).toHaveLength(before + 1)
    }
    FakeSocket.latest().greet()
    page.dispatchEvent(new Event('pageshow'))
    expect(FakeSocket.latest().of('ping')).toHaveLength(1)
  })

  it('waits 30 s after a flood', async () => {
    live().drop(4429)
    await pass(30_000)
    expect(FakeSocket.made).toHaveLength(1)
    await pass(250)
    expect(FakeSocket.made).toHaveLength(2)
  })

  it('stops and asks for a new token when this one is refused', async () => {
    live().drop(4401)
    await pass(60_000)
    expect(unauthorised).toHaveBeenCalledTimes(1)
    expect(FakeSocket.made).toHaveLength(1)
    connection.start()
    expect(FakeSocket.made).toHaveLength(2)
  })

  it('stops where this origin may not', async () => {
    live().drop(4403)
    await pass(600_000)
    expect(connection.status).toBe('stopped')
    expect(FakeSocket.made).toHaveLength(1)
  })

  it('gives way to newer tabs until it is used again', async () => {
    const page = stubPage()
    live().drop(4409)
    await pass(600_000)
    expect(FakeSocket.made).toHaveLength(1)
    page.dispatchEvent(new Event('focus'))
    expect(FakeSocket.made).toHaveLength(2)
  })
})

describe('commands', () => {
  it('go by the live socket and are answered by ack', async () => {
    const socket = live()
    const answer = connection.command('send', { text: 'hi' }, 'id-1')
    expect(socket.of('command')).toEqual([{ t: 'command', id: 'id-1', do: 'send', args: { text: 'hi' } }])
    socket.say({ t: 'ack', id: 'id-1', answer: { seq: 5 } })
    expect(await answer).toEqual({ seq: 5 })
    expect(server.calls).toHaveLength(0)
  })

  it('are refused for good by a nack, and for now by one of 429 or 5xx', async () => {
    const socket = live()
    const final = connection.command('send', {}, 'id-1')
    socket.say({ t: 'nack', id: 'id-1', problem: { status: 422, code: 'text_empty' } })
    await expect(final).rejects.toBeInstanceOf(Refused)
    const later = connection.command('send', {}, 'id-2')
    socket.say({ t: 'nack', id: 'id-2', problem: { status: 429, code: 'too_many', retry_after: 1.5 } })
    await expect(later).rejects.toMatchObject({ retryAfter: 1500 })
  })

  it('are unknown when the connection is lost before the answer', async () => {
    const socket = live()
    const answer = connection.command('send', {}, 'id-1')
    socket.drop()
    await expect(answer).rejects.toBeInstanceOf(Unknown)
  })

  it('go by HTTP while there is no connection', async () => {
    start()
    const answer = connection.command('send', { text: 'hi' }, 'id-1')
    const call = server.latest('/w/v1/commands/send')
    expect(call.body).toEqual({ token: 'tok', id: 'id-1', args: { text: 'hi' } })
    await call.answer({ seq: 1 })
    expect(await answer).toEqual({ seq: 1 })
  })

  it('go by HTTP past a socket that has been silent for 30 s, and its silence is then looked into', async () => {
    const socket = live()
    vi.setSystemTime(Date.now() + 31_000) // a laptop that slept: no timer ran
    const answer = connection.command('send', {}, 'id-1')
    expect(socket.of('command')).toHaveLength(0)
    expect(socket.of('ping')).toHaveLength(0)
    await server.latest('commands/send').answer({})
    await answer
    expect(socket.of('ping')).toHaveLength(1)
    await pass(10_000)
    expect(connection.status).not.toBe('live')
  })

  it('renew the token when it is refused, and may then be repeated', async () => {
    start()
    const answer = connection.command('send', {}, 'id-1')
    const expected = expect(answer).rejects.toBeInstanceOf(Unknown)
    await server.latest('commands/send').answer({ code: 'token_expired' }, 401)
    await expected
    expect(unauthorised).toHaveBeenCalledTimes(1)
  })

  it('are not believed refused because a proxy says 403 with a page', async () => {
    start()
    const answer = connection.command('send', {}, 'id-1')
    const expected = expect(answer).rejects.toBeInstanceOf(Unknown)
    await server.latest('commands/send').answer('<html>', 403)
    await expected
  })

  it('too large for a frame go by HTTP', async () => {
    const socket = live()
    void connection.command('send', { text: '字'.repeat(30_000) }).catch(() => undefined)
    expect(socket.of('command')).toHaveLength(0)
    expect(server.count('commands/send')).toBe(1)
  })
})
