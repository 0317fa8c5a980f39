import type { Problem } from '@yingke/api'
import { useI18n } from 'vue-i18n'

/** A problem in the reader's words: ours where we know the code, else what the server says. */
export function useSays() {
  const { t, te } = useI18n()
  return (problem: Problem): string => {
    const key = `shell.problem.${problem.code}`
    if (te(key)) return t(key, { ...problem.params, seconds: Math.ceil(problem.retry_after ?? 0) })
    return problem.detail ?? t('shell.problem.other', { code: problem.code })
  }
}
