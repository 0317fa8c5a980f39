import type { ServerFrame } from './frames.ts'
import { Refused, UNAUTHORISED, Unknown, post } from './http.ts'
import { counted, type Down, type OpenWire } from './wire.ts'

const HELLO_WITHIN = 5_000
const SILENCE = 30_000

/** Server-sent events, read by fetch: unlike EventSource it sees the comments that keep the line warm. */
export const openEvents: OpenWire = (door, topics, ends) => {
  let abort: AbortController
  let ended = false

  function end(why: Down): void {
    if (ended) return
    ended = true
    abort.abort()
    ends.down(why)
  }

  async function stream(): Promise<void> {
    const mine = (abort = new AbortController())
    const finish = (why: Down) => {
      if (!mine.signal.aborted) end(why)
    }
    let greeted = false
    let watch: ReturnType<typeof setTimeout> | undefined
    const listen = (limit: number, why: Down) => {
      clearTimeout(watch)
      watch = setTimeout(() => finish(why), limit)
    }
    mine.signal.addEventListener('abort', () => clearTimeout(watch))
    const deliver = counted(ends, () => finish('lost'))
    const take = (frame: ServerFrame) => {
      greeted = true
      if (!mine.signal.aborted) deliver(frame)
    }
    try {
      const body = { ...door.proof(), topics: topics() }
      const { ticket } = await post<{ ticket: string }>(door, door.tickets, body)
      if (mine.signal.aborted) return
      listen(HELLO_WITHIN, 'mute')
      const response = await door.fetch(door.events + '?ticket=' + encodeURIComponent(ticket), {
        credentials: door.credentials,
        signal: mine.signal,
      })
      if (!response.ok || !response.body) return finish(response.status === 429 ? 'flood' : 'mute')
      const lines = eventLines(take)
      const reader = response.body.getReader()
      const decoder = new TextDecoder()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        lines(decoder.decode(value, { stream: true }))
        if (greeted) listen(SILENCE, 'lost')
      }
      finish(greeted ? 'lost' : 'mute')
    } catch (error) {
      finish(refusedDown(error) ?? (greeted ? 'lost' : 'mute'))
    }
  }

  void stream()
  return {
    send: () => false,
    retopic() {
      if (ended) return
      abort.abort()
      void stream()
    },
    probe: () => undefined, // the watch on silence is the probe
    close() {
      ended = true
      abort.abort()
    },
  }
}

/** What a failed POST says about the way to the server; undefined where it is not from a POST at all. */
export function refusedDown(error: unknown): Down | undefined {
  if (error instanceof Refused) return error.problem.status === UNAUTHORISED ? 'unauthorised' : 'forbidden'
  if (error instanceof Unknown) return error.retryAfter ? 'flood' : 'unreachable'
  return undefined
}

/** Cuts text/event-stream into frames. Only `data` counts here; each event's data is one line of JSON. */
function eventLines(take: (frame: ServerFrame) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data:')) take(JSON.parse(line.slice(5)) as ServerFrame)
  }
}
