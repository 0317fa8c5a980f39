import { refusedDown } from './events.ts'
import type { ServerFrame } from './frames.ts'
import { post } from './http.ts'
import { counted, type OpenWire } from './wire.ts'

const WAIT = 25
const BREATH = 250

/** Long poll: each answer is a little connection of its own, its frames counted from 1. */
export const openPoll: OpenWire = (door, topics, ends) => {
  let abort = new AbortController()
  let ended = false
  let stale = false

  async function run(): Promise<void> {
    let wait = 0 // the first answer comes at once, and tells that we are through
    while (!ended) {
      abort = new AbortController()
      stale = false
      try {
        const body = { ...door.proof(), topics: topics(), wait }
        const answer = await post<{ frames: ServerFrame[] }>(door, door.poll, body, (wait + 10) * 1000, abort)
        // A gap needs no more than the next round: it asks by cursor anyway.
        const deliver = counted(ends, () => undefined)
        for (const frame of answer.frames) if (!ended) deliver(frame)
        wait = WAIT
        // A server that answers at once every time must not make us spin.
        await new Promise((resume) => setTimeout(resume, BREATH))
      } catch (error) {
        if (ended || stale) continue
        ended = true
        ends.down(refusedDown(error) || 'lost')
      }
    }
  }

  void run()
  return {
    send: () => false,
    retopic() {
      stale = true
      abort.abort()
    },
    probe: () => undefined,
    close() {
      ended = true
      abort.abort()
    },
  }
}
