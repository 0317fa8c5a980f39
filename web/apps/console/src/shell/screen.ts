import { readonly, ref } from 'vue'

function follow(query: string) {
  const list = matchMedia(query)
  const matches = ref(list.matches)
  list.addEventListener('change', (event) => (matches.value = event.matches))
  return readonly(matches)
}

/** Panes become pages. */
export const narrow = follow('(max-width: 759px)')
/** Too small for a third pane: the context lies over the thread when asked for. */
export const medium = follow('(max-width: 1119px)')
export const touch = follow('(pointer: coarse)')
