import { asProblem, createApi, type MeRow } from '@yingke/api'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { createLive, type Live } from './live.ts'
import { usePrefs } from './prefs.ts'
import { onOtherWindow, save } from './storage.ts'

const WHO = 'yk:who'

/** Who sits here. `live` outlasts a sign-out, so that replicas, drafts and outbox go on when the same person comes back. */
export const useSession = defineStore('session', () => {
  const state = ref<'asking' | 'unreachable' | 'out' | 'in'>('asking')
  const first = shallowRef<MeRow>()
  const live = shallowRef<Live>()
  /** Signed out by the server while at work, as against by hand. */
  const expired = ref(false)
  const api = createApi({ onSignedOut })
  let again: ReturnType<typeof setTimeout>
  let tries = 0

  const me = computed(() => (first.value && live.value?.topic('me').get<MeRow>('me', first.value.key)) ?? first.value)

  async function begin(row: MeRow) {
    save(WHO, row.key)
    // Somebody else has signed in: nothing of the one before may stay in this page.
    if (first.value && first.value.key !== row.key) return location.reload()
    first.value = row
    const prefs = usePrefs()
    prefs.locale ??= row.locale
    live.value ??= await createLive({
      base: location.origin + '/',
      owner: row.key,
      locale: () => prefs.locale ?? row.locale,
      onSignedOut,
    })
    live.value.start()
    expired.value = false
    state.value = 'in'
  }

  onOtherWindow((key) => {
    // Another window signed somebody in; if it is somebody else, this one must not go on with their cookie.
    if (key === WHO) void (first.value ? check() : undefined)
  })

  function onSignedOut() {
    if (state.value !== 'in') return
    live.value?.stop()
    expired.value = true
    state.value = 'out'
  }

  async function check() {
    clearTimeout(again)
    try {
      await begin(await api.session())
    } catch (error) {
      const { status } = asProblem(error)
      if (status === 401) return void (state.value = 'out')
      state.value = 'unreachable'
      again = setTimeout(check, Math.min(30_000, 1000 * 2 ** tries++))
    }
  }

  async function signIn(email: string, password: string) {
    await begin(await api.signIn(email, password))
  }

  async function signOut() {
    await api.signOut()
    live.value?.stop()
    state.value = 'out'
  }

  return { state, expired, me, live, api, check, signIn, signOut }
})

/** For everything inside the frame, where somebody is signed in. */
export function useLive(): Live {
  const { live } = useSession()
  if (!live) throw new Error('useLive() outside the signed-in frame')
  return live
}

export function useMe() {
  const session = useSession()
  return computed(() => {
    if (!session.me) throw new Error('useMe() outside the signed-in frame')
    return session.me
  })
}
