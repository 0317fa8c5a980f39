import type { Typing } from '@yingke/api'
import { computed, onScopeDispose, reactive } from 'vue'

/** Says "typing" at once, again every 3 s while it goes on, and "stopped" 2 s after the last key. */
export function createTypingSender(send: (on: boolean) => void, { again = 3000, stop = 2000 } = {}) {
  let saidAt = 0
  let quiet: ReturnType<typeof setTimeout> | undefined

  function end() {
    clearTimeout(quiet)
    if (saidAt) send(false)
    saidAt = 0
  }

  return {
    key() {
      clearTimeout(quiet)
      quiet = setTimeout(end, stop)
      if (Date.now() - saidAt < again) return
      saidAt = Date.now()
      send(true)
    },
    end,
  }
}

/** Who is typing in a thread; a signal that is not renewed is over after 5 s. */
export function useTypists(mine: () => string, expiry = 5000) {
  const typists = reactive(new Map<string, Typing>())
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  function drop(key: string) {
    clearTimeout(timers.get(key))
    timers.delete(key)
    typists.delete(key)
  }

  function clear() {
    for (const key of [...typists.keys()]) drop(key)
  }
  onScopeDispose(clear)

  return {
    hear(signal: Typing) {
      if (signal.key === mine()) return
      drop(signal.key)
      if (!signal.on) return
      typists.set(signal.key, signal)
      timers.set(
        signal.key,
        setTimeout(() => drop(signal.key), expiry),
      )
    },
    clear,
    who: computed(() => [...typists.values()]),
  }
}
