import { asProblem, type CommandName, type Commands, type Named, type Problem, type StaffRow, type TeamRow } from '@yingke/api'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { useLive, useSession } from '../../../shell/session.ts'

/** Active people first, then by name as the reader's language sorts it. */
export function sorted(rows: readonly StaffRow[], locale: string): StaffRow[] {
  const names = new Intl.Collator(locale)
  return [...rows].sort((a, b) => Number(b.active) - Number(a.active) || names.compare(a.name, b.name))
}

/** Which fields of a form a problem speaks of: `args.email` → `email`. */
export function fieldsIn(problem: Problem | null): string[] {
  return (problem?.errors ?? []).map(({ field }) => field.replace(/^args\./, ''))
}

export const usePeople = defineStore('people', () => {
  const { api } = useSession()
  const live = useLive()
  const team = live.topic('team')

  const state = shallowRef<'loading' | 'ready' | 'failed'>('loading')
  const problem = shallowRef<Problem | null>(null)
  const people = shallowRef<StaffRow[]>([])
  const groups = shallowRef<Named[]>([])
  const standing = computed(() => new Map(team.all<TeamRow>('staff').map((row) => [row.key, row])))

  async function load() {
    if (state.value === 'failed') state.value = 'loading'
    try {
      const [allPeople, allGroups] = await Promise.all([api.staff(), api.groups()])
      people.value = allPeople
      groups.value = allGroups
      state.value = 'ready'
    } catch (error) {
      problem.value = asProblem(error)
      state.value = 'failed'
    }
  }

  /** Does it, then shows what the server now has. Throws what it was refused for. */
  async function command<N extends CommandName>(name: N, args: Commands[N]['args']) {
    await live.command(name, args)
    await load()
  }

  return { state, problem, people, groups, standing, load, command }
})
