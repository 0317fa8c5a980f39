import { onScopeDispose, ref } from 'vue'

/** A finger has no hover: after it lifts, rows stay for this long. */
const AFTER_TOUCH = 600

/** True while a pointer is over the list, or a finger on it. */
export function useHeld() {
  const held = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  function hold() {
    clearTimeout(timer)
    held.value = true
  }

  function letGo(event: PointerEvent) {
    clearTimeout(timer)
    if (event.pointerType === 'mouse') held.value = event.type !== 'pointerleave' && held.value
    else timer = setTimeout(() => (held.value = false), AFTER_TOUCH)
  }
  onScopeDispose(() => clearTimeout(timer))

  return {
    held,
    release: () => (held.value = false),
    handlers: { pointerenter: hold, pointermove: hold, pointerdown: hold, pointerleave: letGo, pointerup: letGo, pointercancel: letGo },
  }
}
