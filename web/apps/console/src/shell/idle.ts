import { onScopeDispose, watch } from 'vue'
import type { Live } from './live.ts'

const AFTER = 5 * 60_000
const LOOK_EVERY = 15_000

/**
 * Tells the server when this person touches nothing for five minutes, in any window, and when they are back. Windows tell each
 * other of use, and each says the same: the command sets a fact, it does not count.
 */
export function watchIdle(live: Live) {
  const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('yk:use')
  let usedAt = Date.now()
  let toldAt = 0
  let said: boolean | null = null

  function say(idle: boolean) {
    if (idle === said || live.link.status !== 'live') return
    said = idle
    live.command('staff.set_idle', { idle }).catch(() => (said = null))
  }

  function look() {
    say(Date.now() - usedAt >= AFTER)
  }

  function used() {
    usedAt = Date.now()
    if (said) look()
    if (usedAt - toldAt < 5_000) return
    toldAt = usedAt
    channel?.postMessage('used')
  }

  if (channel)
    channel.onmessage = () => {
      usedAt = Date.now()
      if (said) look()
    }
  const events = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const
  for (const event of events) addEventListener(event, used, { passive: true })
  const timer = setInterval(look, LOOK_EVERY)
  // The server may have forgotten, or another connection may have said otherwise.
  const unwatch = watch(
    () => live.link.status,
    (status) => {
      said = null
      if (status === 'live') look()
    },
    { immediate: true },
  )

  onScopeDispose(() => {
    unwatch()
    clearInterval(timer)
    channel?.close()
    for (const event of events) removeEventListener(event, used)
  })
}
