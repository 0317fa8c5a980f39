import type { Problem } from '@yingke/api'
import { useI18n } from 'vue-i18n'

/** A problem in words: the server's, which are in the reader's language; ours for what no server said. */
export function useSays() {
  const { t, te } = useI18n()
  return (problem: Problem): string => {
    const ours = `shell.problem.${problem.code}`
    return problem.detail ?? (te(ours) ? t(ours) : t('shell.problem.other', { code: problem.code }))
  }
}
