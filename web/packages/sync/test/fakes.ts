import { vi } from 'vitest'
import type { Door } from '../src/door.ts'
import { visitorDoor } from '../src/door.ts'
import type { Topics } from '../src/frames.ts'
import type { Listener } from '../src/subscriptions.ts'

type Frame = Record<string, unknown> & { t: string }

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static made: FakeSocket[] = []
  static latest(): FakeSocket {
    return FakeSocket.made[FakeSocket.made.length - 1]!
  }
  readonly sent: Frame[] = []
  closed = false
  onopen?: () => void
  onclose?: (event: { code: number }) => void
  onmessage?: (event: { data: string }) => void
  private n = 0
  readonly url: string

  constructor(url: string) {
    this.url = url
    FakeSocket.made.push(this)
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame)
  }
  close(): void {
    this.closed = true
  }

  /** The server says something; `n` counts by itself. */
  say(frame: Record<string, unknown>, n = ++this.n): void {
    this.onmessage?.({ data: JSON.stringify({ ...frame, n }) })
  }
  greet(): void {
    this.onopen?.()
    this.say({ t: 'hello', epoch: 'e', now: '2026-11-21T06:00:00Z', ping: 25 })
  }
  /** The server, or the network, ends it. */
  drop(code = 1006): void {
    this.onclose?.({ code })
  }
  of(t: string): Frame[] {
    return this.sent.filter((frame) => frame.t === t)
  }
}

export interface Call {
  url: string
  body: { topics?: Topics; id?: string; args?: unknown; token?: string; wait?: number }
  /** Answers with JSON; a status of 0 is a network that fails. */
  answer(json: unknown, status?: number): Promise<void>
  /** Answers with a stream; what `push` is given comes out of it as it is. */
  stream(): { push(text: string): Promise<void>; end(): Promise<void> }
}

/** A fetch whose other end is the test. */
export class FakeFetch {
  readonly calls: Call[] = []
  readonly fetch = ((url: string, init: RequestInit = {}) =>
    new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      this.calls.push({
        url,
        body: init.body ? (JSON.parse(init.body as string) as Call['body']) : {},
        async answer(json, status = 200) {
          if (status === 0) reject(new TypeError('network'))
          else resolve(new Response(JSON.stringify(json), { status }))
          await vi.advanceTimersByTimeAsync(0)
        },
        stream() {
          let controller!: ReadableStreamDefaultController<Uint8Array>
          const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) })
          init.signal?.addEventListener('abort', () => controller.error(new DOMException('aborted', 'AbortError')))
          resolve(new Response(body))
          const settle = async () => void (await vi.advanceTimersByTimeAsync(0))
          return {
            push(text) {
              controller.enqueue(new TextEncoder().encode(text))
              return settle()
            },
            end() {
              controller.close()
              return settle()
            },
          }
        },
      })
    })) as typeof fetch

  latest(path: string): Call {
    const found = this.calls.filter((call) => call.url.includes(path)).pop()
    if (!found) throw new Error('nobody asked for ' + path)
    return found
  }
  count(path: string): number {
    return this.calls.filter((call) => call.url.includes(path)).length
  }
}

export function fakeDoor(fetch: FakeFetch, sockets = true): Door {
  const door = visitorDoor('https://desk.example/', 'zh-CN', () => 'tok')
  return { ...door, fetch: fetch.fetch, WebSocket: sockets ? (FakeSocket as unknown as typeof WebSocket) : undefined }
}

/** A listener to a topic of which only the replica counts. */
export const deaf: Listener = { applied: () => undefined, signal: () => undefined, denied: () => undefined }
