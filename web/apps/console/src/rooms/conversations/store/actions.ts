import type { ConversationRow, MeRow } from '@yingke/api'
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { refusalIn } from '../../../shell/live.ts'
import { useSays } from '../../../shell/says.ts'
import { useLive } from '../../../shell/session.ts'

export type Action = 'take' | 'close' | 'reopen'

/** What this person may do with a conversation now. The server has the last word. */
export function actionsFor(row: ConversationRow, me: Pick<MeRow, 'key' | 'role'>): Action[] {
  if (row.state === 'queued') return ['take']
  if (row.state === 'closed') return ['reopen']
  return row.assignee?.key === me.key || me.role !== 'agent' ? ['close'] : []
}

/** Runs them. What changes comes back by the replica; here is only what did not work. */
export function useActions() {
  const { t } = useI18n()
  const live = useLive()
  const says = useSays()
  const busy = ref<Action | null>(null)
  const problem = ref('')

  async function run(action: Action, conversation: string) {
    busy.value = action
    problem.value = ''
    try {
      await live.command(`conversations.${action}`, { conversation })
    } catch (error) {
      const refusal = refusalIn(error)
      problem.value = refusal ? says(refusal) : t('shell.not_done')
    } finally {
      busy.value = null
    }
  }

  return { busy, problem, run }
}
