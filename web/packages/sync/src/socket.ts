import type { ServerFrame } from './frames.ts'
import { counted, type Down, type OpenWire } from './wire.ts'

const HELLO_WITHIN = 10_000
const PONG_WITHIN = 10_000
const SILENCE = 30_000
/** Frames above this go by HTTP, whose answer says what is wrong instead of closing the socket. */
const LARGEST = 60_000

const MEANING: Record<number, Down> = { 4401: 'unauthorised', 4403: 'forbidden', 4409: 'crowded', 4429: 'flood' }

export const openSocket: OpenWire = (door, topics, ends) => {
  const socket = new door.WebSocket!(door.socket)
  let ended = false
  let greeted = false
  let opened = false
  let heardAt = Date.now()
  let pinging: ReturnType<typeof setInterval> | undefined
  let dead: ReturnType<typeof setTimeout> | undefined
  const slow = setTimeout(() => end(opened ? 'mute' : 'lost'), HELLO_WITHIN)

  function stop(): void {
    ended = true
    clearTimeout(slow)
    clearTimeout(dead)
    clearInterval(pinging)
    socket.close()
  }
  function end(why: Down): void {
    if (ended) return
    stop()
    ends.down(why)
  }
  function send(frame: object): boolean {
    const text = JSON.stringify(frame)
    if (text.length > LARGEST / 3 && new TextEncoder().encode(text).length > LARGEST) return false
    socket.send(text)
    return true
  }
  function probe(): void {
    if (ended || !greeted || dead) return
    send({ t: 'ping' })
    dead = setTimeout(() => end('lost'), PONG_WITHIN)
  }

  const deliver = counted(ends, () => end('lost'))
  socket.onopen = () => {
    opened = true
    send({ t: 'hello', v: 1, ...door.proof(), locale: door.locale })
  }
  socket.onclose = (event) => end(MEANING[event.code] || 'lost')
  socket.onmessage = (event) => {
    if (ended) return
    heardAt = Date.now()
    clearTimeout(dead)
    dead = undefined
    let frame: ServerFrame
    try {
      frame = JSON.parse(event.data as string) as ServerFrame
    } catch {
      return end('lost')
    }
    if (frame.t === 'hello') {
      greeted = true
      clearTimeout(slow)
      pinging = setInterval(probe, frame.ping * 1000)
      send({ t: 'subscribe', topics: topics() })
    }
    deliver(frame)
  }

  return {
    send(frame) {
      // A socket that has been silent for long, or was just asked whether it lives, is not trusted with a command.
      return greeted && !dead && Date.now() - heardAt < SILENCE && send(frame)
    },
    retopic(added, removed) {
      if (!greeted || ended) return // all topics are named after hello
      if (removed.length) send({ t: 'unsubscribe', topics: removed })
      if (Object.keys(added).length) send({ t: 'subscribe', topics: added })
    },
    probe,
    close: stop,
  }
}
