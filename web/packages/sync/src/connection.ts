import { Answers } from './answers.ts'
import { backoff } from './backoff.ts'
import type { Door } from './door.ts'
import type { ServerFrame } from './frames.ts'
import { Refused, UNAUTHORISED, Unknown, post } from './http.ts'
import type { Replica } from './replica.ts'
import { Subscriptions, type Listener } from './subscriptions.ts'
import { uuid7 } from './uuid.ts'
import { onWake } from './wake.ts'
import { NO_WIRE, type Down, type OpenWire } from './wire.ts'

const SOCKET = 0
const SOCKET_TRIES = 3
const FIRST_WAIT = 500
const FLOOD_WAIT = 30_000
const STEADY = 5_000

/** `stopped` needs somebody: a new session or a sign-in. */
export type Status = 'idle' | 'connecting' | 'live' | 'waiting' | 'stopped'

export interface ConnectionOptions {
  /** Ways to connect, the best first: the socket, then whatever else there is. */
  readonly ladder: readonly OpenWire[]
  /** `why` says what made it `waiting` or `stopped`. */
  status(status: Status, why?: Down): void
  /** Token or cookie is no longer good. Renew it, then `start()` again. */
  unauthorised(): void
  random?(): number
}

/** One connection for many topics. It comes back by cursor for as long as it is started. */
export class Connection {
  status: Status = 'idle'
  private readonly subscriptions = new Subscriptions()
  private readonly answers = new Answers()
  private readonly forgetWake: () => void
  private wire = NO_WIRE
  private sockets: boolean
  private level: number
  private failures = 0
  private attempt = 0
  private liveSince = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly door: Door
  private readonly options: ConnectionOptions

  constructor(door: Door, options: ConnectionOptions) {
    this.door = door
    this.options = options
    this.sockets = !!door.WebSocket
    this.level = this.lowest()
    this.forgetWake = onWake(() => this.wake())
  }

  start(): void {
    if (this.status === 'idle' || this.status === 'stopped') this.connect()
  }

  stop(): void {
    this.lose()
    clearTimeout(this.timer)
    this.become('idle')
  }

  /** Stop for good. */
  dispose(): void {
    this.stop()
    this.forgetWake()
  }

  /** The replica lives as long as the subscription; it is kept through every reconnect. */
  subscribe(topic: string, listener: Listener): { replica: Replica; unsubscribe(): void } {
    const replica = this.subscriptions.add(topic, listener)
    this.wire.retopic({ [topic]: null }, [])
    return {
      replica,
      unsubscribe: () => {
        if (this.subscriptions.remove(topic, replica)) this.wire.retopic({}, [topic])
      },
    }
  }

  /** Throws `Refused` (final) or `Unknown` (repeat it with the same id). */
  async command<Answer>(name: string, args: object, id = uuid7()): Promise<Answer> {
    const sent = this.status === 'live' && this.wire.send({ t: 'command', id, do: name, args })
    try {
      if (sent) return (await this.answers.wait(id, () => this.wire.probe())) as Answer
      const answer = await post<Answer>(this.door, this.door.commands + name, { ...this.door.proof(), id, args })
      // Commands go by HTTP while a socket has long been silent; this shows that it is the socket which fails.
      if (this.status === 'live') this.wire.probe()
      return answer
    } catch (error) {
      if (error instanceof Refused && error.problem.status === UNAUTHORISED) {
        this.options.unauthorised()
        throw new Unknown(error.problem.code)
      }
      throw error
    }
  }

  private connect(): void {
    clearTimeout(this.timer)
    this.become('connecting')
    this.subscriptions.interrupted()
    try {
      const open = this.options.ladder[this.level]!
      this.wire = open(this.door, () => this.subscriptions.cursors(), {
        frame: (frame) => this.heard(frame),
        down: (why) => this.fell(why),
      })
    } catch {
      this.sockets = false // browsers throw for an insecure socket on a secure page
      this.fell('mute')
    }
  }

  private heard(frame: ServerFrame): void {
    if (this.status === 'connecting') this.greeted()
    if (frame.t === 'ack') this.answers.ack(frame.id, frame.answer)
    else if (frame.t === 'nack') this.answers.nack(frame.id, frame.problem)
    else if (frame.t !== 'hello') this.subscriptions.heard(frame)
  }

  private greeted(): void {
    this.liveSince = Date.now()
    if (this.level === SOCKET) this.failures = 0
    this.become('live')
  }

  private fell(why: Down): void {
    const wasLive = this.status === 'live'
    const from = this.level
    this.lose()
    if (wasLive && Date.now() - this.liveSince > STEADY) this.attempt = 0
    this.chooseLevel(why, wasLive)
    if (why === 'unauthorised' || why === 'forbidden') {
      this.become('stopped', why)
      if (why === 'unauthorised') this.options.unauthorised()
      return
    }
    this.become('waiting', why)
    if (why === 'crowded') return // until this page is used
    // Another transport may be tried at once: it is not the server that failed.
    const wait = this.level === from ? backoff(this.attempt++, FIRST_WAIT, this.options.random) : 0
    this.timer = setTimeout(() => this.connect(), why === 'flood' ? FLOOD_WAIT + wait : wait)
  }

  /** Down the ladder only when this transport is to blame: a server that is down answers on none of them. */
  private chooseLevel(why: Down, wasLive: boolean): void {
    if (why === 'better') {
      this.level = this.lowest()
    } else if (wasLive) {
      return
    } else if (why === 'unreachable') {
      this.level = this.lowest()
      this.failures = 0
    } else if (why === 'mute' || (this.level === SOCKET && why === 'lost' && ++this.failures >= SOCKET_TRIES)) {
      this.level = Math.min(this.level + 1, this.options.ladder.length - 1)
    }
  }

  private lowest(): number {
    return this.sockets ? SOCKET : SOCKET + 1
  }

  private wake(): void {
    if (this.status === 'waiting') this.connect()
    else if (this.status === 'live') this.wire.probe()
  }

  private lose(): void {
    this.wire.close()
    this.wire = NO_WIRE
    this.answers.lose()
  }

  private become(status: Status, why?: Down): void {
    if (status === this.status) return
    this.status = status
    this.options.status(status, why)
  }
}
