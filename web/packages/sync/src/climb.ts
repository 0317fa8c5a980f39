import { NO_WIRE, type OpenWire } from './wire.ts'

const AGAIN_AFTER = 300_000

/**
 * A transport that tries the better ones every 5 minutes while it is in use. It gives way only to one that has been
 * greeted, so that trying costs nobody a message.
 */
export function climbing(open: OpenWire, better: readonly OpenWire[]): OpenWire {
  return (door, topics, ends) => {
    let trial = NO_WIRE
    let timer = setTimeout(attempt, AGAIN_AFTER, 0)
    const wire = open(door, topics, {
      frame: ends.frame,
      down(why) {
        rest()
        ends.down(why)
      },
    })

    function rest(): void {
      clearTimeout(timer)
      trial.close()
    }
    function attempt(rung: number): void {
      const next = better[rung]
      if (!next || (rung === 0 && !door.WebSocket)) {
        timer = setTimeout(attempt, AGAIN_AFTER, 0)
        return
      }
      trial = next(door, topics, {
        frame() {
          rest()
          wire.close()
          ends.down('better')
        },
        down: () => attempt(rung + 1),
      })
    }

    return {
      ...wire,
      close() {
        rest()
        wire.close()
      },
    }
  }
}
