import type { Problem } from './frames.ts'

/** A final refusal: repeating it would be refused again. */
export class Refused extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail || problem.code)
    this.problem = problem
  }
}

/** Not known whether it was done: repeat it with the same id. */
export class Unknown extends Error {
  /** Milliseconds the server asks to wait, 0 where it does not. */
  readonly retryAfter: number
  constructor(why: string, retryAfter = 0) {
    super(why)
    this.retryAfter = retryAfter
  }
}

/** Who is not let in has to sign in (or take a new session), then the same command may be repeated. */
export const UNAUTHORISED = 401

/** Rule 4 of the protocol: which refusals are final. */
export function refusal(problem: Problem): Refused | Unknown {
  const { status } = problem
  const open = status >= 500 || status < 400 || status === 408 || status === 425 || status === 429
  return open ? new Unknown(problem.code, (problem.retry_after || 0) * 1000) : new Refused(problem)
}

export interface Post {
  readonly fetch: typeof fetch
  readonly credentials: RequestCredentials
  /** Visitors send `text/plain`, which spares browsers a preflight; staff must not be forgeable by a form. */
  readonly contentType: string
}

/** POST a JSON object. Throws `Refused` or `Unknown`, nothing else. */
export async function post<Answer>(
  how: Post,
  url: string,
  body: object,
  timeout = 15_000,
  abort = new AbortController(),
): Promise<Answer> {
  const timer = setTimeout(() => abort.abort(), timeout)
  try {
    const response = await how.fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': how.contentType },
      body: JSON.stringify(body),
      credentials: how.credentials,
      signal: abort.signal,
    })
    const text = await response.text()
    if (response.ok) return parse(text) as Answer
    throw refusal(problemOf(response.status, text))
  } catch (error) {
    if (error instanceof Refused || error instanceof Unknown) throw error
    throw new Unknown(String(error))
  } finally {
    clearTimeout(timer)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Unknown('no JSON') // a captive portal or a proxy answered in the server's place
  }
}

/** A page of a proxy is no problem document, and its 403 says nothing about the message. */
function problemOf(status: number, text: string): Problem {
  try {
    const problem = JSON.parse(text) as Problem
    if (typeof problem.code === 'string') return { ...problem, status }
  } catch {
    // below
  }
  return { status: 503, code: `http_${status}` }
}
