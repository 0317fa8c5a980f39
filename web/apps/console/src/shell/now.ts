import { readonly, ref } from 'vue'

/** One clock for the page: everything that shows a running time reads this, so all of it turns over at once. */
const ticking = ref(Date.now())
setInterval(() => (ticking.value = Date.now()), 1000)

export const now = readonly(ticking)
