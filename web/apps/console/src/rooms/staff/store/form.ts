import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { refusalIn } from '../../../shell/live.ts'
import { useSays } from '../../../shell/says.ts'
import { fieldsIn } from './people.ts'

/** Sending a form: busy, what was refused and for which field. */
export function useForm() {
  const { t } = useI18n()
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
      const words = refusal ? says(refusal) : t('shell.not_done')
      const fields = fieldsIn(refusal)
      // The words speak of one field: they stand beside it. Else they stand above, and the fields are only marked.
      if (fields.length === 1) errors.value = { [fields[0]!]: words }
      else {
        problem.value = words
        errors.value = Object.fromEntries(fields.map((field) => [field, t('staff.field_wrong')]))
      }
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, errors, submit }
}
