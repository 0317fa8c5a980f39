import type { Intent, MeRow } from '@yingke/api'
import type { Status } from '@yingke/sync'

export const intents: readonly Intent[] = ['online', 'busy', 'away', 'invisible', 'offline']

export const dotOf: Record<Intent, 'online' | 'busy' | 'away' | 'none'> = {
  online: 'online',
  busy: 'busy',
  away: 'away',
  invisible: 'none',
  offline: 'none',
}

/** What is true right now, which may be less than what was chosen: online without a connection receives nobody. */
export function standing(me: MeRow, link: Status): 'cut' | 'accepting' | 'held' | Intent {
  if (link !== 'live') return 'cut'
  if (me.accepting) return 'accepting'
  return me.intent === 'online' ? 'held' : me.intent
}
