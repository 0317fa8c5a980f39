import type { Problem } from '@yingke/api'
import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { refusalIn } from '../../../shell/live.ts'
import { useSays } from '../../../shell/says.ts'
import { fieldErrors } from './people.ts'

/** Sending a form: busy, what was refused and for which field. */
export function useForm() {
  const { t, te } = useI18n()
  const says = useSays()
  const busy = ref(false)
  const problem = ref('')
  const errors = shallowRef<Record<string, string>>({})

  async function submit(work: () => Promise<unknown>): Promise<boolean> {
    busy.value = true
    problem.value = ''
    errors.value = {}
    try {
      await work()
      return true
    } catch (error) {
      const refusal = refusalIn(error)
      errors.value = refusal ? worded(refusal) : {}
      problem.value = refusal ? says(refusal) : t('shell.not_done')
      return false
    } finally {
      busy.value = false
    }
  }

  function worded(refusal: Problem): Record<string, string> {
    return Object.fromEntries(
      Object.entries(fieldErrors(refusal)).map(([field, code]) => [
        field,
        te(`shell.problem.${code}`) ? t(`shell.problem.${code}`) : t('staff.field_wrong'),
      ]),
    )
  }

  return { busy, problem, errors, submit }
}
