import { Refused } from '@yingke/sync'
import { describe, expect, it, vi } from 'vitest'
import { asProblem, createApi, UNREACHABLE, UNREADABLE } from '../src/index.ts'

const answer = (status: number, body: unknown) => async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })
function made(fetch: () => Promise<Response>) {
  const onSignedOut = vi.fn()
  return { api: createApi({ onSignedOut, fetch }), onSignedOut }
}
const problemOf = (promise: Promise<unknown>) => promise.then(() => null, asProblem)

describe('calls', () => {
  it('throw the problem document they get', async () => {
    const { api, onSignedOut } = made(answer(422, { code: 'invalid', status: 422, detail: 'no' }))
    await expect(api.signIn('a', 'b')).rejects.toBeInstanceOf(Refused)
    expect((await problemOf(api.signIn('a', 'b')))?.detail).toBe('no')
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  it('tell apart no answer and one that is not ours', async () => {
    expect((await problemOf(made(() => Promise.reject(new TypeError('offline'))).api.session()))?.code).toBe(UNREACHABLE)
    expect(await problemOf(made(answer(502, '<html>')).api.session())).toEqual({ code: UNREADABLE, status: 502 })
  })

  it('report a lost session, but not a refused sign-in', async () => {
    const { api, onSignedOut } = made(answer(401, { code: 'signed_out', status: 401 }))
    await problemOf(api.session())
    expect(onSignedOut).not.toHaveBeenCalled()
    await problemOf(api.staff())
    expect(onSignedOut).toHaveBeenCalledOnce()
  })

  it('read short lists to their end', async () => {
    const pages = [
      { rows: [{ key: 'a' }], next: 'c 1' },
      { rows: [{ key: 'b' }], next: null },
    ]
    const fetch = vi.fn(async (_url: string) => new Response(JSON.stringify(pages.shift())))
    const { api } = made(fetch as never)
    expect(await api.groups()).toEqual([{ key: 'a' }, { key: 'b' }])
    expect(fetch.mock.calls.map(([url]) => url)).toEqual(['/api/v1/groups?limit=100', '/api/v1/groups?limit=100&after=c%201'])
  })
})
