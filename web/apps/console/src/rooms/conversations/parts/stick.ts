import { nextTick, onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'

/** Nearer to the end than this counts as being there. */
const NEAR = 40
/** Older entries are asked for when this near to the beginning. */
const AHEAD = 400

interface Options {
  box: Ref<HTMLElement | undefined>
  inner: Ref<HTMLElement | undefined>
  /** Key of the first entry drawn: when it changes, entries came or went above. */
  first: () => string | undefined
  wantOlder: () => void
}

/**
 * A log that stays at its end while the reader is there, stays where the reader is otherwise, and does not move when older
 * entries come in above.
 */
export function useStick({ box, inner, first, wantOlder }: Options) {
  const atEnd = ref(true)

  function toEnd() {
    atEnd.value = true
    if (box.value) box.value.scrollTop = box.value.scrollHeight
  }

  function look() {
    const element = box.value
    if (!element) return
    atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
    if (element.scrollTop < AHEAD) wantOlder()
  }

  watch(first, async () => {
    const element = box.value
    if (!element || atEnd.value) return
    const belowTop = element.scrollHeight - element.scrollTop
    await nextTick()
    element.scrollTop = element.scrollHeight - belowTop
  })

  const watcher = new ResizeObserver(() => {
    if (atEnd.value) toEnd()
    // Too little to scroll would never ask for more.
    look()
  })
  onMounted(() => {
    if (box.value) watcher.observe(box.value)
    if (inner.value) watcher.observe(inner.value)
    toEnd()
  })
  onBeforeUnmount(() => watcher.disconnect())

  return { atEnd, toEnd, look }
}
