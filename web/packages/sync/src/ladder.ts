import { climbing } from './climb.ts'
import { openEvents } from './events.ts'
import { openPoll } from './poll.ts'
import { openSocket } from './socket.ts'
import type { OpenWire } from './wire.ts'

/** What to use where sockets do not pass. */
export const FALLBACK = [climbing(openEvents, [openSocket]), climbing(openPoll, [openSocket, openEvents])] as const

/** All three transports, for clients that need not count bytes. */
export const LADDER: readonly OpenWire[] = [openSocket, ...FALLBACK]
