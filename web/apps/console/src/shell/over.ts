import { ref } from 'vue'

/** What lies over the frame now; one thing at a time. */
export const over = ref<'keys' | 'palette' | 'sign-out' | null>(null)
