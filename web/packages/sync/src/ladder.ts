import { openEvents } from './events.ts'
import { openPoll } from './poll.ts'
import { openSocket } from './socket.ts'
import type { OpenWire } from './wire.ts'

/** All three transports, for clients that need not count bytes. */
export const LADDER: readonly OpenWire[] = [openSocket, openEvents, openPoll]
