import { vi } from 'vitest'
import type { Host } from '../src/host.ts'

/** A host of which storage is real and the rest is silent. */
export function fakeHost(storage: Map<string, string> | undefined = new Map()): Host {
  return {
    launcher: document.createElement('button'),
    base: 'https://desk.example/',
    site: 'demo',
    storage: undefined,
    prefix: 'p:',
    read: (name) => storage?.get(name) ?? '',
    write: (name, value) => void storage?.set(name, value),
    load: vi.fn(),
    style: vi.fn(),
    unread: vi.fn(),
    paint: vi.fn(),
    opened: vi.fn(),
    emit: vi.fn(),
  }
}
