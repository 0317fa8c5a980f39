import type { ConversationRow } from '@yingke/api'

export interface Mark {
  conversation: string
  delivered?: number
  read?: number
}

interface Wanted {
  delivered: number
  read: number
}

/**
 * Two high-water marks for each conversation of mine. They only grow, are sent at most once a second for each conversation, and
 * are wanted until the conversation's row shows them, so that a lost call is made good after the next connection.
 */
export function createMarks(send: (mark: Mark) => Promise<unknown>, every = 1000) {
  const wanted = new Map<string, Wanted>()
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const sentAt = new Map<string, number>()

  function schedule(conversation: string) {
    if (timers.has(conversation)) return
    const wait = Math.max(0, (sentAt.get(conversation) ?? -Infinity) + every - Date.now())
    timers.set(
      conversation,
      setTimeout(() => void flush(conversation), wait),
    )
  }

  async function flush(conversation: string) {
    timers.delete(conversation)
    const want = wanted.get(conversation)
    if (!want) return
    sentAt.set(conversation, Date.now())
    const mark: Mark = { conversation }
    if (want.delivered) mark.delivered = want.delivered
    if (want.read) mark.read = want.read
    // A refusal is final and a lost call is repeated by `reconsider`: nothing to tell the agent in either case.
    await send(mark).catch(() => undefined)
  }

  function want(row: ConversationRow, part: Partial<Wanted>) {
    const held = wanted.get(row.key) ?? { delivered: 0, read: 0 }
    const read = Math.max(held.read, part.read ?? 0)
    const delivered = Math.max(held.delivered, part.delivered ?? 0, read)
    if (read <= row.staff_read && delivered <= row.staff_delivered) return void wanted.delete(row.key)
    if (wanted.has(row.key) && read === held.read && delivered === held.delivered) return
    wanted.set(row.key, { delivered, read })
    schedule(row.key)
  }

  return {
    delivered: (row: ConversationRow) => want(row, { delivered: row.last_seq }),
    read: (row: ConversationRow, seq: number) => want(row, { read: seq }),
    /** After a reconnect: what the rows do not show yet is said again. */
    reconsider(row: ConversationRow) {
      const held = wanted.get(row.key)
      if (!held) return
      if (held.read <= row.staff_read && held.delivered <= row.staff_delivered) wanted.delete(row.key)
      else schedule(row.key)
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      wanted.clear()
    },
  }
}

/**
 * When something counts as read: in view for half a second on end, in a visible tab. Feed it what the screen shows; it answers by
 * the highest `seq` that has been looked at.
 */
export function createGaze(read: (seq: number) => void, needed = 500) {
  const watching = new Map<number, ReturnType<typeof setTimeout>>()
  const inView = new Set<number>()
  let awake = true

  function start(seq: number) {
    if (!watching.has(seq))
      watching.set(
        seq,
        setTimeout(() => {
          watching.delete(seq)
          read(seq)
        }, needed),
      )
  }

  function end(seq: number) {
    clearTimeout(watching.get(seq))
    watching.delete(seq)
  }

  return {
    see(seq: number, visible: boolean) {
      if (visible) {
        inView.add(seq)
        if (awake) start(seq)
      } else {
        inView.delete(seq)
        end(seq)
      }
    },
    /** The tab was shown or hidden: looking begins anew. */
    tab(visible: boolean) {
      awake = visible
      for (const seq of inView) {
        if (visible) start(seq)
        else end(seq)
      }
    },
    stop() {
      for (const timer of watching.values()) clearTimeout(timer)
      watching.clear()
      inView.clear()
    },
  }
}
