import type { Door } from './door.ts'
import type { ServerFrame, Topics } from './frames.ts'

/** Why a wire ended. */
export type Down =
  | 'lost' //       it broke or fell silent: come back
  | 'mute' //       it opened, and no hello came: this transport does not work here
  | 'unreachable' // the server itself did not answer: no fault of this transport
  | 'better' //     a better transport works again: use that
  | 'unauthorised'
  | 'forbidden'
  | 'crowded' //    too many connections of this person: wait until this page is used
  | 'flood'

export interface Ends {
  frame(frame: ServerFrame): void
  /** Called once, and not after `close()`. */
  down(why: Down): void
}

/** One connection by one transport. It delivers frames without gaps, or goes down. */
export interface Wire {
  /** False where this transport carries no commands, or may be dead: use HTTP. */
  send(frame: object): boolean
  /** The topics wanted have changed. */
  retopic(added: Topics, removed: readonly string[]): void
  /** Make sure that it is alive. */
  probe(): void
  close(): void
}

/** In the place of a wire while there is none. */
export const NO_WIRE: Wire = {
  send: () => false,
  retopic: () => undefined,
  probe: () => undefined,
  close: () => undefined,
}

/** Opens a wire; `topics` tells at any time what is wanted and the cursors held. */
export type OpenWire = (door: Door, topics: () => Topics, ends: Ends) => Wire

/** Passes frames on as long as their counter has no gap. */
export function counted(ends: Ends, gap: () => void): (frame: ServerFrame) => void {
  let n = 0
  return (frame) => {
    if (frame.n === ++n) ends.frame(frame)
    else gap()
  }
}

/** A transport whose code is fetched when it is first needed. */
export function later(fetchIt: () => Promise<OpenWire>): OpenWire {
  return (door, topics, ends) => {
    let wire = NO_WIRE
    let closed = false
    fetchIt().then(
      (open) => {
        if (!closed) wire = open(door, topics, ends)
      },
      () => {
        if (!closed) ends.down('unreachable')
      },
    )
    return {
      send: (frame) => wire.send(frame),
      retopic: (added, removed) => wire.retopic(added, removed), // not yet open: it will ask for all topics
      probe: () => wire.probe(),
      close() {
        closed = true
        wire.close()
      },
    }
  }
}
