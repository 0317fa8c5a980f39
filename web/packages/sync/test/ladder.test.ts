import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LADDER } from '../src/ladder.ts'
import { Connection } from '../src/connection.ts'
import type { Replica } from '../src/replica.ts'
import { later, type OpenWire } from '../src/wire.ts'
import { FakeFetch, FakeSocket, deaf, fakeDoor } from './fakes.ts'

const HELLO = { t: 'hello', n: 1, epoch: 'e', now: '', ping: 25 }
const SNAPSHOT = { t: 'snapshot', topic: 'chat', cursor: 'c1', rows: [], more: false }

let server: FakeFetch
let connection: Connection
let replica: Replica

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  server = new FakeFetch()
  start()
})
afterEach(() => {
  connection.dispose()
  vi.useRealTimers()
})

function start(sockets = true): void {
  connection = new Connection(fakeDoor(server, sockets), { ladder: LADDER, status: vi.fn(), unauthorised: vi.fn(), random: () => 0.5 })
  replica = connection.subscribe('chat', deaf).replica
  connection.start()
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const event = (frame: object) => `data: ${JSON.stringify(frame)}\n\n`

async function threeSocketsFail(): Promise<void> {
  for (const wait of [250, 500, 1]) {
    FakeSocket.latest().drop()
    await pass(wait)
  }
}
async function onEvents() {
  await threeSocketsFail()
  await server.latest('tickets').answer({ ticket: 't/1' })
  const stream = server.latest('events').stream()
  await stream.push(event(HELLO))
  return stream
}
async function onPoll(): Promise<void> {
  await threeSocketsFail()
  await server.latest('tickets').answer({ ticket: 't/1' })
  server.latest('events').stream() // a proxy that buffers: nothing comes
  await pass(5_000)
  await pass(1)
  await server.latest('poll').answer({ frames: [HELLO, { ...SNAPSHOT, n: 2 }] })
}
/** Time passes, and each poll is answered after 20 s with nothing new. */
async function quietly(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 20_000) {
    await pass(Math.min(left, 20_000))
    await server.latest('poll').answer({ frames: [{ t: 'pong', n: 1, cursor: 'c1' }] })
  }
}

describe('the ladder', () => {
  it('falls to server-sent events after three failures in a row', async () => {
    const stream = await onEvents()
    expect(server.latest('tickets').body).toEqual({ token: 'tok', topics: { chat: null } })
    expect(server.latest('events').url).toBe('https://desk.example/w/v1/events?ticket=t%2F1')
    expect(connection.status).toBe('live')
    await stream.push(event({ ...SNAPSHOT, n: 2 }).slice(0, 20))
    await stream.push(event({ ...SNAPSHOT, n: 2 }).slice(20))
    expect(replica.cursor).toBe('c1')
  })

  it('falls at once when the socket opens and nobody says hello', async () => {
    FakeSocket.latest().onopen?.()
    await pass(10_000)
    await pass(1)
    expect(server.count('tickets')).toBe(1)
  })

  it('falls to long poll when the stream says no hello within 5 s', async () => {
    await onPoll()
    expect(connection.status).toBe('live')
    expect(replica.cursor).toBe('c1')
    expect(server.latest('poll').body.wait).toBe(0)
    await pass(250)
    expect(server.latest('poll').body).toEqual({ token: 'tok', topics: { chat: 'c1' }, wait: 25 })
  })

  it('stays where it is when it is the server that does not answer', async () => {
    await threeSocketsFail()
    await server.latest('tickets').answer(null, 0)
    await pass(4_000)
    expect(FakeSocket.made).toHaveLength(4)
    FakeSocket.latest().greet()
    expect(connection.status).toBe('live')
  })

  it('climbs back after 5 minutes, and keeps the line it has until the better one has been greeted', async () => {
    await onPoll()
    await quietly(300_000)
    const trial = FakeSocket.latest()
    expect(connection.status).toBe('live')
    trial.greet()
    expect(trial.closed).toBe(true)
    await pass(1)
    const socket = FakeSocket.latest()
    expect(socket).not.toBe(trial)
    socket.greet()
    expect(socket.of('subscribe')).toEqual([{ t: 'subscribe', topics: { chat: 'c1' } }])
    const polls = server.count('poll')
    await pass(20_000)
    expect(server.count('poll')).toBe(polls)
    expect(connection.status).toBe('live')
  })

  it('tries the rung above when the top one fails, and waits another 5 minutes', async () => {
    await onPoll()
    const tickets = server.count('tickets')
    await quietly(300_000)
    FakeSocket.latest().drop()
    expect(server.count('tickets')).toBe(tickets + 1)
    await server.latest('tickets').answer(null, 0)
    expect(connection.status).toBe('live')
    const sockets = FakeSocket.made.length
    await quietly(299_000)
    expect(FakeSocket.made).toHaveLength(sockets)
    await pass(1_000)
    expect(FakeSocket.made).toHaveLength(sockets + 1)
  })

  it('begins with events where there are no sockets', () => {
    connection.dispose()
    start(false)
    expect(server.count('tickets')).toBe(1)
  })
})

describe('server-sent events', () => {
  it('are kept by comments and given up after 30 s of silence', async () => {
    const stream = await onEvents()
    await pass(29_000)
    await stream.push(': warm\n\n')
    await pass(29_000)
    expect(connection.status).toBe('live')
    await pass(1_000)
    expect(connection.status).toBe('waiting')
    await pass(4_000)
    expect(server.count('tickets')).toBe(2)
  })

  it('come back with a new ticket when the stream ends', async () => {
    const stream = await onEvents()
    await stream.push(event({ ...SNAPSHOT, n: 2 }))
    await stream.end()
    await pass(4_000)
    expect(server.latest('tickets').body.topics).toEqual({ chat: 'c1' })
  })

  it('open another stream when the topics change', async () => {
    const stream = await onEvents()
    await stream.push(event({ ...SNAPSHOT, n: 2 }))
    connection.subscribe('thread/1', deaf)
    expect(server.latest('tickets').body.topics).toEqual({ chat: 'c1', 'thread/1': null })
    expect(connection.status).toBe('live')
    await server.latest('tickets').answer({ ticket: 't2' })
    await server.latest('events').stream().push(event(HELLO))
    expect(connection.status).toBe('live')
  })
})

describe('long poll', () => {
  it('asks for changed topics at once', async () => {
    await onPoll()
    await pass(250)
    connection.subscribe('thread/1', deaf)
    await pass(1)
    expect(server.latest('poll').body.topics).toEqual({ chat: 'c1', 'thread/1': null })
  })

  it('goes back to the socket when the server is gone', async () => {
    await onPoll()
    await pass(250)
    const sockets = FakeSocket.made.length
    await server.latest('poll').answer(null, 0)
    await pass(30_000)
    await server.latest('poll').answer(null, 0)
    await pass(30_000)
    expect(FakeSocket.made.length).toBeGreaterThan(sockets)
  })
})

describe('a transport that is fetched when it is needed', () => {
  const wire = { send: () => true, retopic: vi.fn(), probe: vi.fn(), close: vi.fn() }
  const door = () => fakeDoor(server)

  it('opens when its code has come', async () => {
    const open = vi.fn<OpenWire>(() => wire)
    const lazy = later(async () => open)(door(), () => ({}), { frame: vi.fn(), down: vi.fn() })
    expect(lazy.send({})).toBe(false)
    await pass(1)
    expect(open).toHaveBeenCalledTimes(1)
    expect(lazy.send({})).toBe(true)
    lazy.close()
    expect(wire.close).toHaveBeenCalled()
  })

  it('does not open once it has been closed', async () => {
    const open = vi.fn<OpenWire>(() => wire)
    later(async () => open)(door(), () => ({}), { frame: vi.fn(), down: vi.fn() }).close()
    await pass(1)
    expect(open).not.toHaveBeenCalled()
  })

  it('takes the server for unreachable when its code does not come', async () => {
    const down = vi.fn()
    later(() => Promise.reject(new Error('offline')))(door(), () => ({}), { frame: vi.fn(), down })
    await pass(1)
    expect(down).toHaveBeenCalledWith('unreachable')
  })
})
