import type { CommandName, Commands } from '@yingke/api'
import {
  Connection,
  LADDER,
  MemoryStore,
  openIndexedStore,
  Outbox,
  Refused,
  staffDoor,
  Unknown,
  type Item,
  type Problem,
  type Saved,
  type Status,
} from '@yingke/sync'
import { markRaw, ref, shallowReactive, shallowRef, type ShallowRef } from 'vue'

type Hear = (name: string, data: unknown) => void

/** A topic as Vue sees it: whoever reads rows is told when they change. */
export interface LiveTopic {
  readonly state: 'loading' | 'ready' | 'denied'
  all<Row>(type: string): Row[]
  get<Row>(type: string, key: string): Row | undefined
  /** Rows fetched by hand (older messages). */
  hold(rows: readonly (readonly [string, string, number, unknown])[]): void
  onSignal(hear: Hear): () => void
  end(): void
}

export interface Link {
  status: Status
  /** When the connection was lost; null while it stands. */
  lostAt: number | null
}

interface Options {
  base: string
  /** Whose texts the outbox keeps: another person at this machine must never send them. */
  owner: string
  locale: () => string
  onSignedOut: () => void
}

/** The live side of one signed-in person: connection, topics and outbox, made readable for Vue. */
export async function createLive({ base, owner, locale, onSignedOut }: Options) {
  const link = shallowReactive<Link>({ status: 'idle', lostAt: null })
  // The language may change while the door stays.
  const door = Object.defineProperty(staffDoor(base, '', owner), 'locale', { get: locale })
  const connection = new Connection(door, {
    status(status) {
      link.status = status
      link.lostAt = status === 'live' ? null : (link.lostAt ?? Date.now())
      if (status === 'live') outbox.poke()
    },
    unauthorised: onSignedOut,
    ladder: LADDER,
  })

  const name = `yingke-staff-${owner}`
  const store = await openIndexedStore(name)
  const items = shallowRef<Item[]>([])
  let halted = true
  const outbox = new Outbox({
    name,
    store,
    async send({ name: command, args, id }: Saved) {
      if (halted) throw new Unknown('signed out')
      return connection.command(command, args, id)
    },
    changed: () => (items.value = outbox.items()),
  })
  void outbox.start()

  const topics = new Map<string, LiveTopic>()

  function begin(topic: string): LiveTopic {
    // Replicas hold plain rows, so one counter for each topic is all the reactivity there is.
    const version = ref(0)
    const state: ShallowRef<LiveTopic['state']> = shallowRef('loading')
    const hears = new Set<Hear>()
    const { replica, unsubscribe } = connection.subscribe(topic, {
      applied() {
        state.value = 'ready'
        version.value++
      },
      denied() {
        state.value = 'denied'
        version.value++
      },
      signal: (signal, data) => hears.forEach((hear) => hear(signal, data)),
    })
    return {
      get state() {
        return state.value
      },
      all: (type) => (void version.value, replica.all(type)),
      get: (type, key) => (void version.value, replica.get(type, key)),
      hold(rows) {
        replica.hold(rows)
        version.value++
      },
      onSignal(hear) {
        hears.add(hear)
        return () => hears.delete(hear)
      },
      end() {
        unsubscribe()
        topics.delete(topic)
      },
    }
  }

  return markRaw({
    link,
    /** The topic, subscribed if it is not yet. It stays until `end()`. */
    topic(name: string): LiveTopic {
      let topic = topics.get(name)
      if (!topic) topics.set(name, (topic = markRaw(begin(name))))
      return topic
    },
    start() {
      halted = false
      connection.start()
      outbox.poke()
    },
    stop() {
      halted = true
      connection.stop()
    },
    tryNow() {
      connection.stop()
      connection.start()
    },
    /** A command that is not worth keeping in the outbox: done now, or the agent is told that it is not known. */
    command: <N extends CommandName>(command: N, args: Commands[N]['args']) => connection.command<Commands[N]['answer']>(command, args),
    outbox: {
      items,
      /** False where the browser lends no storage: texts on their way then live as long as the page. */
      durable: !(store instanceof MemoryStore),
      add: (target: string, command: CommandName, args: Saved['args']) => outbox.add(target, command, args),
      retry: (id: string) => outbox.retry(id),
      remove: (id: string) => outbox.remove(id),
      settle: (ids: Iterable<string>) => outbox.settle(ids),
    },
  })
}

export type Live = Awaited<ReturnType<typeof createLive>>

/** The refusal in an error, or null where it is not known whether the thing was done. */
export function refusalIn(error: unknown): Problem | null {
  if (error instanceof Refused) return error.problem
  if (error instanceof Unknown) return null
  throw error
}
