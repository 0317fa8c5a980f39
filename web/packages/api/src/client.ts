import { Refused } from '@yingke/sync'
import { isProblem, UNREACHABLE, UNREADABLE, type Problem } from './problem.ts'
import type { History, MeRow, Named, Page, StaffRow } from './rows.ts'

interface Options {
  /** Told of every 401 but that of signing in itself. */
  onSignedOut: () => void
  fetch?: typeof fetch
  timeout?: number
}

/** Same-origin calls of a signed-in person. Everything that is not a 2xx is thrown as `Refused`. */
export function createApi({ onSignedOut, fetch: get = fetch, timeout = 15_000 }: Options) {
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(timeout) }
    if (body !== undefined) {
      init.body = JSON.stringify(body)
      init.headers = { ...init.headers, 'Content-Type': 'application/json' }
    }
    let response: Response
    try {
      response = await get(`/api/v1${path}`, init)
    } catch {
      throw new Refused({ code: UNREACHABLE, status: 0 })
    }
    const data: unknown = await response.json().catch(() => undefined)
    if (response.ok) return data as T
    const problem: Problem = isProblem(data) ? data : { code: UNREADABLE, status: response.status }
    if (response.status === 401 && path !== '/session') onSignedOut()
    throw new Refused(problem)
  }

  /** For lists that are short by nature. */
  async function all<T>(path: string): Promise<T[]> {
    const rows: T[] = []
    let after = ''
    for (;;) {
      const page = await call<Page<T>>('GET', `${path}?limit=100${after && `&after=${encodeURIComponent(after)}`}`)
      rows.push(...page.rows)
      if (!page.next) return rows
      after = page.next
    }
  }

  return {
    session: () => call<MeRow>('GET', '/session'),
    signIn: (email: string, password: string) => call<MeRow>('POST', '/session', { email, password }),
    signOut: () => call<unknown>('DELETE', '/session'),
    setUp: (first: { token: string; name: string; email: string; password: string; locale: string }) =>
      call<unknown>('POST', '/setup', first),
    staff: () => all<StaffRow>('/staff'),
    groups: () => all<Named>('/groups'),
    olderMessages: (conversation: string, before: number, limit = 50) =>
      call<History>('GET', `/conversations/${encodeURIComponent(conversation)}/messages?before=${before}&limit=${limit}`),
  }
}

export type Api = ReturnType<typeof createApi>
