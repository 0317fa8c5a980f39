import type { ConversationRow } from '@yingke/api'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useRouter } from 'vue-router'
import { notify } from '../../../shell/notices.ts'
import { usePrefs } from '../../../shell/prefs.ts'
import { useLive, useMe, useSession } from '../../../shell/session.ts'
import { createDrafts } from './drafts.ts'
import { createMarks } from './marks.ts'
import { news } from './news.ts'
import { arrange, countsOf, type Tab } from './sections.ts'
import { createThreads } from './threads.ts'

/** The room's one view of the inbox. Rows are the replica's; here is only what the screen adds. */
export const useConversations = defineStore('conversations', () => {
  const router = useRouter()
  const live = useLive()
  const me = useMe()
  const prefs = usePrefs()
  const inbox = live.topic('inbox')

  const tab = ref<Tab>('waiting')
  /** The conversation on screen, or null. */
  const open = ref<string | null>(null)

  const rows = computed(() => new Map(inbox.all<ConversationRow>('conversation').map((row) => [row.key, row])))
  const arranged = computed(() => arrange(rows.value.values(), me.value.key))
  const mine = computed(() => [...arranged.value.waiting, ...arranged.value.mine])
  const unread = computed(() => mine.value.reduce((sum, row) => sum + row.unread, 0))

  const threads = createThreads(live, useSession().api)
  const drafts = createDrafts(me.value.key)
  const marks = createMarks((mark) => live.command('conversations.mark', mark))

  // Delivered: the row that tells of a message has come to this screen. Only the one who has the conversation says so.
  watch(
    () => [mine.value, live.link.status] as const,
    ([own, status]) => {
      if (status !== 'live') return
      for (const row of own) {
        if (row.last_seq > row.staff_delivered) marks.delivered(row)
        marks.reconsider(row)
      }
    },
  )

  watch(
    () => mine.value.map((row) => row.key).join(),
    () => threads.prepare(mine.value.map((row) => row.key)),
    { immediate: true },
  )

  let seen: Map<string, ConversationRow> | null = null
  watch(rows, (now) => {
    const looking = document.visibilityState === 'visible' ? open.value : null
    for (const row of news(seen, now, me.value.key, looking))
      notify(prefs, row.customer.name, row.last?.text ?? '', row.key, () => void router.push(`/conversations/${row.key}`))
    // The first snapshot is no news.
    seen = inbox.state === 'ready' ? now : null
  })

  return {
    tab,
    open,
    state: computed(() => inbox.state),
    rows,
    arranged,
    counts: computed(() => countsOf(arranged.value)),
    waiting: computed(() => arranged.value.waiting.length),
    unread,
    threads,
    drafts,
    marks,
  }
})
