import { Refused, type Problem } from '@yingke/sync'

export type { Problem }

/** Codes made here, for what no server said. */
export const UNREACHABLE = 'unreachable'
export const UNREADABLE = 'unreadable'

export function asProblem(error: unknown): Problem {
  return error instanceof Refused ? error.problem : { code: UNREACHABLE, status: 0 }
}

export function isProblem(value: unknown): value is Problem {
  const it = value as Partial<Problem> | null
  return typeof it === 'object' && it !== null && typeof it.code === 'string' && typeof it.status === 'number'
}
