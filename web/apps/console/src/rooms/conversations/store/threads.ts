import { asProblem, type Api, type ConversationRow, type MessageRow, type Problem } from '@yingke/api'
import { computed, markRaw, shallowRef } from 'vue'
import type { Live } from '../../../shell/live.ts'

/** So many threads stay subscribed: going back to one of them shows it at once. */
const KEPT = 20
/** Fewer than are kept, so that what is prepared never pushes out what is open. */
const PREPARED = 12
const PAGE = 50

function open(live: Live, api: Pick<Api, 'olderMessages'>, key: string) {
  const topic = live.topic(`thread/${key}`)
  const conversation = computed(() => topic.get<ConversationRow>('conversation', key))
  const messages = computed(() => topic.all<MessageRow>('message').sort((a, b) => a.seq - b.seq))
  const loading = shallowRef(false)
  const problem = shallowRef<Problem | null>(null)

  async function loadOlder() {
    const oldest = messages.value[0]
    if (!oldest || loading.value) return
    loading.value = true
    problem.value = null
    try {
      topic.hold((await api.olderMessages(key, oldest.seq, PAGE)).rows)
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      loading.value = false
    }
  }

  return markRaw({
    key,
    topic,
    conversation,
    messages,
    /** `seq` counts from 1 without gaps, so the first one held tells whether there are earlier ones. */
    older: { more: computed(() => (messages.value[0]?.seq ?? 1) > 1), loading, problem, load: loadOlder },
  })
}

export type Thread = ReturnType<typeof open>

/** The threads opened lately, the oldest of them given up first. */
export function createThreads(live: Live, api: Pick<Api, 'olderMessages'>) {
  const threads = new Map<string, Thread>()

  function use(key: string): Thread {
    const thread = threads.get(key) ?? open(live, api, key)
    threads.delete(key)
    threads.set(key, thread)
    for (const [oldest, given] of threads) {
      if (threads.size <= KEPT) break
      given.topic.end()
      threads.delete(oldest)
    }
    return thread
  }

  return {
    open: use,
    /** One's own threads are there before they are asked for: they open at once, and off line too. */
    prepare(keys: readonly string[]) {
      for (const key of keys.slice(0, PREPARED)) if (!threads.has(key)) use(key)
    },
  }
}
