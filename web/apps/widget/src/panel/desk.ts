import {
  Connection,
  Full,
  LocalStore,
  MemoryStore,
  Outbox,
  Refused,
  later,
  openSocket,
  visitorDoor,
  type Door,
  type Down,
  type Item,
  type Replica,
} from '@yingke/sync'
import { CHAT, OUTBOX, type Host } from '../host.ts'
import type { Locale } from '../words/words.ts'
import { Marks } from './marks.ts'
import { NO_CONVERSATION, type Conversation, type Message, type Site } from './rows.ts'
import { Session } from './session.ts'
import { TypingIn, TypingOut } from './typing.ts'

const TARGET = 'chat'

/** What stands between this visitor and the desk: session, connection, outbox, marks. It draws nothing. */
export class Desk {
  site: Site | undefined
  /** Why there is no connection, once it is not merely a moment's interruption. */
  down: Down | undefined
  readonly typingIn: TypingIn
  readonly typingOut: TypingOut
  readonly marks: Marks
  private readonly host: Host
  private readonly door: Door
  private readonly session: Session
  private readonly connection: Connection
  private readonly outbox: Outbox
  private readonly changed: () => void
  private chat: { replica: Replica; unsubscribe(): void }
  private wanted = false
  private renewing = false
  private loadingOlder = false

  constructor(host: Host, locale: Locale, changed: () => void) {
    this.host = host
    this.changed = changed
    this.door = visitorDoor(host.base, locale, () => this.session.token)
    this.session = new Session(host, this.door, locale, {
      another: () => this.becomeAnother(),
      unreachable: () => this.fell('unreachable'),
    })
    const fallback = async (rung: 0 | 1) => (await host.load<typeof import('../extras/fallback.ts')>('fallback')).FALLBACK[rung]
    this.connection = new Connection(this.door, {
      ladder: [openSocket, later(() => fallback(0)), later(() => fallback(1))],
      status: (status, why) => {
        this.down = status === 'live' || status === 'idle' ? undefined : why || this.down
        if (status === 'live') this.outbox.poke()
        changed()
      },
      unauthorised: () => void this.renew(),
    })
    this.outbox = new Outbox({
      name: host.prefix + OUTBOX,
      store: host.storage ? new LocalStore(host.storage, host.prefix + OUTBOX) : new MemoryStore(),
      changed,
      send: async ({ name, args, id }) => {
        await this.begin()
        return this.connection.command(name, args, id)
      },
    })
    this.typingIn = new TypingIn(changed)
    this.typingOut = new TypingOut((on) => this.typing(on))
    this.marks = new Marks((marks) => this.connection.command('mark', marks))
    this.chat = this.subscribe()
    void this.outbox.start()
  }

  /** The latest. */
  get conversation(): Conversation {
    const all = this.chat.replica.all<Conversation>('conversation')
    return all.reduce((latest, one) => (one.no > latest.no ? one : latest), NO_CONVERSATION)
  }

  /** In order. */
  get messages(): Message[] {
    return this.chat.replica.all<Message>('message').sort((a, b) => a.no - b.no || a.seq - b.seq)
  }

  get items(): Item[] {
    return this.outbox.items(TARGET)
  }

  /** The chat as the server has it is here, even if it is empty. */
  get loaded(): boolean {
    return this.chat.replica.cursor !== null
  }

  get more(): boolean {
    return this.chat.replica.more
  }

  /** Throws `Refused` where this page may not talk to this desk. */
  async begin(): Promise<void> {
    this.wanted = true
    try {
      this.site = await this.session.begin()
    } catch (error) {
      this.fell('forbidden')
      throw error
    }
    if (this.down === 'unreachable') this.down = undefined
    this.changed()
    if (this.wanted) this.connection.start()
  }

  /** The panel is closed: a visitor without a chat costs the server no connection. */
  rest(): void {
    if (this.conversation.key || this.items.length) return
    this.wanted = false
    this.connection.stop()
  }

  /** False when there is no room for one more unsent message. */
  async send(text: string): Promise<boolean> {
    this.typingOut.stop()
    try {
      await this.outbox.add(TARGET, 'send', { text })
      return true
    } catch (error) {
      if (error instanceof Full) return false
      throw error
    }
  }

  retry(id: string): void {
    void this.outbox.retry(id)
  }

  remove(id: string): void {
    void this.outbox.remove(id)
  }

  /** Repeating it is left to the visitor: nothing is lost when it fails. */
  end(): void {
    const conversation = this.conversation.key
    this.connection.command('end', { conversation }).catch(() => undefined)
  }

  async older(): Promise<void> {
    const first = this.messages[0]
    if (!first || !this.more || this.loadingOlder) return
    this.loadingOlder = true
    try {
      const { fetchOlder } = await this.host.load<typeof import('../extras/history.ts')>('history')
      await fetchOlder(this.door, this.host.base, this.session.token, first, this.chat.replica)
      this.changed()
    } catch {
      // scrolling there once more asks again
    } finally {
      this.loadingOlder = false
    }
  }

  private subscribe(): { replica: Replica; unsubscribe(): void } {
    return this.connection.subscribe('chat', {
      applied: () => this.took(),
      denied: () => this.changed(),
      signal: (name, data) => {
        if (name === 'typing') this.typingIn.heard((data as { on: boolean }).on)
      },
    })
  }

  private took(): void {
    const { conversation, messages } = this
    this.outbox.settle(messages.map(({ id }) => id || ''))
    if (conversation.key) {
      this.marks.known(conversation)
      for (const { conversation: of, from, seq } of messages) if (from === 'staff') this.marks.delivered(of, seq)
      this.host.write(CHAT, conversation.state === 'closed' ? 'closed' : 'open')
    }
    this.changed()
  }

  private typing(on: boolean): void {
    const { state } = this.conversation
    if (state === 'queued' || state === 'active') this.connection.command('typing', { on }).catch(() => undefined)
  }

  private async renew(): Promise<void> {
    if (this.renewing) return
    this.renewing = true
    try {
      await this.session.renew()
      this.becomeAnother()
    } catch (error) {
      if (error instanceof Refused) this.fell('forbidden')
    } finally {
      this.renewing = false
    }
  }

  private fell(why: Down): void {
    this.down = why
    this.changed()
  }

  /** What is held belongs to the visitor of the old token. */
  private becomeAnother(): void {
    this.connection.stop()
    this.chat.unsubscribe()
    this.chat = this.subscribe()
    this.connection.start()
    this.outbox.poke()
    this.changed()
  }
}
