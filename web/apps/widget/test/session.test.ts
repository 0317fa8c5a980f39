import { Refused } from '@yingke/sync'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Session } from '../src/panel/session.ts'
import { fakeHost } from './host.ts'

type Answer = [status: number, body: object] | 'no network'

let asked: { token?: string }[]
let answers: Answer[]
const watch = { another: vi.fn(), unreachable: vi.fn() }
const site = { name: '拾光影像馆' }

async function fetchAnswer(_url: unknown, init?: RequestInit): Promise<Response> {
  asked.push(JSON.parse(init!.body as string) as { token?: string })
  const answer = answers.shift() ?? 'no network'
  if (answer === 'no network') throw new TypeError('network')
  return new Response(JSON.stringify(answer[1]), { status: answer[0] })
}
function session(storage?: Map<string, string>): Session {
  const http = { fetch: fetchAnswer as typeof fetch, credentials: 'omit', contentType: 'text/plain' } as const
  return new Session(fakeHost(storage), http, 'zh-CN', watch)
}

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  answers = []
})
afterEach(() => void vi.useRealTimers())

describe('a session', () => {
  it('begins without a token and keeps the one it is given', async () => {
    const storage = new Map<string, string>()
    answers = [[200, { token: 't1', site }]]
    expect(await session(storage).begin()).toEqual(site)
    expect(asked).toEqual([{ site: 'demo', locale: 'zh-CN' }])
    expect(storage.get('token')).toBe('t1')
  })

  it('is continued with the stored token, and asked for once', async () => {
    answers = [[200, { token: 't1', site }]]
    const continued = session(new Map([['token', 't1']]))
    await Promise.all([continued.begin(), continued.begin()])
    expect(asked).toEqual([{ site: 'demo', locale: 'zh-CN', token: 't1' }])
  })

  it('begins anew when the server does not know the token', async () => {
    const storage = new Map([['token', 'old']])
    answers = [[401, { code: 'token_expired' }], [200, { token: 'new', site }]]
    await session(storage).begin()
    expect(asked.map(({ token }) => token)).toEqual(['old', undefined])
    expect(storage.get('token')).toBe('new')
  })

  it('takes the token of the tab that was first', async () => {
    const storage = new Map<string, string>()
    answers = [[200, { token: 'mine', site }]]
    const late = session(storage)
    const begun = late.begin()
    storage.set('token', 'theirs')
    await begun
    expect(late.token).toBe('theirs')
    expect(storage.get('token')).toBe('theirs')
  })

  it('is renewed once the token is refused later, and takes what another tab has renewed already', async () => {
    const storage = new Map([['token', 't1']])
    answers = [[200, { token: 't1', site }], [200, { token: 't2', site }]]
    const renewed = session(storage)
    await renewed.begin()
    storage.set('token', 't2')
    await renewed.renew()
    expect(asked.map(({ token }) => token)).toEqual(['t1', 't2'])
  })

  it('goes on trying without a network', async () => {
    answers = ['no network', [503, { code: 'busy' }], [200, { token: 't1', site }]]
    const begun = session().begin()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await begun).toEqual(site)
    expect(watch.unreachable).toHaveBeenCalled()
  })

  it('ends where this page may not', async () => {
    answers = [[403, { code: 'origin_not_allowed' }]]
    await expect(session().begin()).rejects.toBeInstanceOf(Refused)
  })
})
