import { computed, shallowRef, watch, type Ref } from 'vue'
import type { Place } from './sections.ts'

/** How many rows would come or go somewhere else if the new order were shown. */
export function differences(shown: readonly Place[], fresh: readonly Place[]): number {
  const sections = new Map(shown.map((place) => [place.key, place.section]))
  let count = 0
  for (const place of fresh) if (sections.get(place.key) !== place.section) count++
  return count
}

/**
 * Rows never move under the pointer: while `held`, the order shown stays as it is, and `pending` counts what waits. The rows'
 * contents go on changing in place.
 */
export function useSteadyOrder(fresh: Ref<Place[]>, held: Ref<boolean>) {
  const shown = shallowRef(fresh.value)

  function apply() {
    shown.value = fresh.value
  }
  watch([fresh, held], () => {
    if (!held.value) apply()
  })
  const pending = computed(() => (shown.value === fresh.value ? 0 : differences(shown.value, fresh.value)))
  return { shown, pending, apply }
}
