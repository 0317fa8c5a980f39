/**
 * Small things kept in this browser. Storage may be switched off, full, or throw on touch; the console then works on with what
 * it holds in memory.
 */
const memory = new Map<string, string>()

export function load<T>(key: string): T | null {
  try {
    const text = memory.get(key) ?? localStorage.getItem(key)
    return text === null ? null : (JSON.parse(text) as T)
  } catch {
    return null
  }
}

export function save(key: string, value: unknown) {
  const text = JSON.stringify(value)
  try {
    localStorage.setItem(key, text)
    memory.delete(key)
  } catch {
    memory.set(key, text)
  }
}

export function forget(key: string) {
  memory.delete(key)
  try {
    localStorage.removeItem(key)
  } catch {
    // nothing was kept there either
  }
}

/** Tells of changes that another window of this browser made. */
export function onOtherWindow(heard: (key: string) => void): () => void {
  const listen = (event: StorageEvent) => event.key && heard(event.key)
  addEventListener('storage', listen)
  return () => removeEventListener('storage', listen)
}
