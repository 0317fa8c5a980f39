import type { Intent, Locale } from '@yingke/api'
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { refusalIn } from './live.ts'
import { usePrefs } from './prefs.ts'
import { useSays } from './says.ts'
import { useLive } from './session.ts'

/** One's own settings that the server keeps. What is shown comes back by the `me` row, never from here. */
export function useStatus() {
  const { t } = useI18n()
  const live = useLive()
  const prefs = usePrefs()
  const says = useSays()
  const problem = ref('')

  async function set(intent: Intent, reason = '') {
    problem.value = ''
    try {
      await live.command('staff.set_intent', reason.trim() ? { intent, reason: reason.trim() } : { intent })
    } catch (error) {
      const refusal = refusalIn(error)
      problem.value = refusal ? says(refusal) : t('shell.not_done')
    }
  }

  function speak(locale: Locale) {
    prefs.locale = locale
    // So that the server's own words (mails, problems) follow; the page has switched already, whatever becomes of it.
    live.command('staff.set_locale', { locale }).catch(() => undefined)
  }

  return { problem, set, speak }
}
