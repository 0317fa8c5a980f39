import { MemoryStore, byId, type Saved, type Store } from './store.ts'

const MESSAGES = 'messages'
const LEASES = 'leases'

interface Lease {
  readonly name: string
  readonly owner: string
  readonly until: number
}

/** Keeps messages in IndexedDB. */
class IndexedStore implements Store {
  private readonly database: IDBDatabase

  constructor(database: IDBDatabase) {
    this.database = database
  }

  async all(): Promise<Saved[]> {
    return byId(await this.run<Saved[]>(MESSAGES, 'readonly', (store) => store.getAll()))
  }

  async put(message: Saved): Promise<void> {
    await this.run(MESSAGES, 'readwrite', (store) => store.put(message))
  }

  async remove(id: string): Promise<void> {
    await this.run(MESSAGES, 'readwrite', (store) => store.delete(id))
  }

  async lease(name: string, owner: string, ms: number): Promise<boolean> {
    let taken = false
    await this.run(LEASES, 'readwrite', (store) => {
      const asked = store.get(name) as IDBRequest<Lease | undefined>
      asked.onsuccess = () => {
        const held = asked.result
        taken = !held || held.owner === owner || held.until <= Date.now()
        if (taken) store.put({ name, owner, until: Date.now() + ms } satisfies Lease)
      }
      return asked
    })
    return taken
  }

  /** One request in a transaction of its own; done when the transaction is. */
  private run<T>(name: string, mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(name, mode)
      const request = ask(transaction.objectStore(name))
      transaction.oncomplete = () => resolve(request.result as T)
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error('not stored'))
    })
  }
}

/** IndexedDB where the browser lends it (not in some private windows), else memory. */
export async function openIndexedStore(name: string): Promise<Store> {
  try {
    const opening = indexedDB.open(name, 1)
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(MESSAGES, { keyPath: 'id' })
      opening.result.createObjectStore(LEASES, { keyPath: 'name' })
    }
    return await new Promise<Store>((resolve, reject) => {
      opening.onsuccess = () => resolve(new IndexedStore(opening.result))
      opening.onerror = () => reject(opening.error)
    })
  } catch {
    return new MemoryStore()
  }
}
