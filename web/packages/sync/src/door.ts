import type { Post } from './http.ts'

/** Where a kind of client goes, and how it proves who it is (the table at the head of docs/protocol.md). */
export interface Door extends Post {
  readonly socket: string
  readonly tickets: string
  readonly events: string
  readonly poll: string
  readonly commands: string
  readonly WebSocket: typeof WebSocket | undefined
  readonly locale: string
  /** Goes into the first frame and every body: a visitor's token; for staff, whose cookie goes by itself, who they are. */
  proof(): { token?: string; as?: string }
}

export function visitorDoor(base: string, locale: string, token: () => string): Door {
  const at = (path: string) => new URL('w/v1/' + path, base).href
  return {
    ...ours(),
    credentials: 'omit',
    contentType: 'text/plain',
    socket: at('live').replace(/^http/, 'ws'),
    tickets: at('tickets'),
    events: at('events'),
    poll: at('poll'),
    commands: at('commands/'),
    locale,
    proof: () => ({ token: token() }),
  }
}

/** `as`: the key of whoever uses this window: should somebody else sign in beside it, nothing goes in their name. */
export function staffDoor(base: string, locale: string, as: string): Door {
  const at = (path: string) => new URL(path, base).href
  return {
    ...ours(),
    credentials: 'same-origin',
    contentType: 'application/json',
    socket: at('live').replace(/^http/, 'ws'),
    tickets: at('live/tickets'),
    events: at('live/events'),
    poll: at('live/poll'),
    commands: at('api/v1/commands/'),
    locale,
    proof: () => ({ as }),
  }
}

function ours(): Pick<Door, 'fetch' | 'WebSocket'> {
  return {
    // Looked up at each call: pages wrap fetch, and a bare reference would lose its `this`.
    fetch: (...args) => fetch(...args),
    WebSocket: globalThis.WebSocket,
  }
}
