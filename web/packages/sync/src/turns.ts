import type { Store } from './store.ts'
import { uuid7 } from './uuid.ts'

/** Longer than any attempt to send takes. */
const LEASE = 20_000
const ASK_AGAIN = 500

/** Runs `work` while no other tab runs work of the same name on the same outbox. */
export type Turns = <T>(name: string, work: () => Promise<T>) => Promise<T>

/** Web Locks where there are any (they need a secure page), else a lease in the store that expires by itself. */
export function turns(outbox: string, store: Store): Turns {
  const leased = leases(store)
  const locks = globalThis.navigator?.locks as LockManager | undefined
  if (!locks) return leased
  return async (name, work) => {
    let begun = false
    try {
      return await locks.request(outbox + ':' + name, () => {
        begun = true
        return work()
      })
    } catch (error) {
      if (begun) throw error
      return leased(name, work) // pages with blocked storage are refused locks too
    }
  }
}

function leases(store: Store): Turns {
  const owner = uuid7()
  return async (name, work) => {
    while (!(await store.lease(name, owner, LEASE))) await new Promise((resume) => setTimeout(resume, ASK_AGAIN))
    try {
      return await work()
    } finally {
      await store.lease(name, owner, 0)
    }
  }
}
