import { Full, MemoryStore, byId, type Saved } from './store.ts'

const MOST = 50
const LARGEST = 1_000_000
const SETTLE = 50

/**
 * Keeps each message under a key of its own, so that two tabs never write over each other's list.
 * What the browser refuses to store is kept in memory, as the parent does: it is sent all the same, only not after a reload.
 */
export class LocalStore extends MemoryStore {
  private readonly storage: Storage
  private readonly prefix: string

  constructor(storage: Storage, prefix: string) {
    super()
    this.storage = storage
    this.prefix = prefix
  }

  override async all(): Promise<Saved[]> {
    const messages = await super.all()
    for (const key of this.keys()) {
      try {
        messages.push(JSON.parse(this.storage.getItem(key) || '') as Saved)
      } catch {
        // Taken away by another tab this moment, or not ours.
      }
    }
    return byId(messages)
  }

  override async put(message: Saved): Promise<void> {
    const text = JSON.stringify(message)
    const keys = this.keys()
    const size = keys.reduce((sum, key) => sum + (this.storage.getItem(key) || '').length, text.length)
    const known = keys.includes(this.prefix + message.id)
    if (!known && (keys.length + (await super.all()).length >= MOST || size > LARGEST)) throw new Full()
    try {
      this.storage.setItem(this.prefix + message.id, text)
    } catch {
      await super.put(message)
    }
  }

  override async remove(id: string): Promise<void> {
    await super.remove(id)
    this.storage.removeItem(this.prefix + id)
  }

  override async lease(name: string, owner: string, ms: number): Promise<boolean> {
    const key = this.prefix + 'lease:' + name
    const mine = () => {
      const [holder, until] = (this.storage.getItem(key) || '').split(' ')
      return holder === owner || !(Number(until) > Date.now())
    }
    if (!mine()) return false
    if (ms === 0) {
      this.storage.removeItem(key)
      return true
    }
    try {
      this.storage.setItem(key, owner + ' ' + (Date.now() + ms))
    } catch {
      return true
    }
    // Two tabs may have written at once; the last one has it, and after a moment both see who that is.
    await new Promise((resume) => setTimeout(resume, SETTLE))
    return mine()
  }

  private keys(): string[] {
    const keys: string[] = []
    for (let i = 0; i < this.storage.length; i++) {
      const key = this.storage.key(i) || ''
      if (key.startsWith(this.prefix) && !key.startsWith(this.prefix + 'lease:')) keys.push(key)
    }
    return keys
  }
}
