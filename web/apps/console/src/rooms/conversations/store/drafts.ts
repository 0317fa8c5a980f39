import { reactive } from 'vue'
import { forget, load, onOtherWindow, save } from '../../../shell/storage.ts'

export type Mode = 'reply' | 'note'

export interface Draft {
  mode: Mode
  reply: string
  note: string
}

const empty = (): Draft => ({ mode: 'reply', reply: '', note: '' })

/**
 * One draft for each conversation, of one person, kept over reloads and shared by that person's windows. Writing is put off a
 * little; leaving the page writes at once.
 */
export function createDrafts(owner: string, delay = 300) {
  const prefix = `yk:draft:${owner}:`
  const held = reactive(new Map<string, Draft>())
  const unsaved = new Map<string, ReturnType<typeof setTimeout>>()

  function of(conversation: string): Draft {
    let draft = held.get(conversation)
    if (!draft) {
      held.set(conversation, { ...empty(), ...load<Draft>(prefix + conversation) })
      draft = held.get(conversation)!
    }
    return draft
  }

  function write(conversation: string) {
    clearTimeout(unsaved.get(conversation))
    unsaved.delete(conversation)
    const draft = of(conversation)
    if (draft.reply || draft.note) save(prefix + conversation, draft)
    else forget(prefix + conversation)
  }

  function change(conversation: string, part: Partial<Draft>) {
    Object.assign(of(conversation), part)
    clearTimeout(unsaved.get(conversation))
    unsaved.set(
      conversation,
      setTimeout(() => write(conversation), delay),
    )
  }

  /** Puts a refused text back for another try, before what is there. */
  function takeBack(conversation: string, text: string, mode: Mode) {
    change(conversation, { mode, [mode]: [text, of(conversation)[mode]].filter(Boolean).join('\n') })
    write(conversation)
  }

  function flush() {
    for (const conversation of [...unsaved.keys()]) write(conversation)
  }

  addEventListener('pagehide', flush)
  const deafen = onOtherWindow((key) => {
    if (!key.startsWith(prefix)) return
    const conversation = key.slice(prefix.length)
    // What is being typed here wins over what was typed in the other window.
    if (held.has(conversation) && !unsaved.has(conversation))
      Object.assign(of(conversation), { ...empty(), ...load<Draft>(key) })
  })

  return {
    of,
    change,
    takeBack,
    flush,
    /** Text that waits in a conversation's composer, for the list's "draft" mark. */
    waiting: (conversation: string) => {
      const draft = of(conversation)
      return draft.reply || draft.note
    },
    stop() {
      flush()
      removeEventListener('pagehide', flush)
      deafen()
    },
  }
}

export type Drafts = ReturnType<typeof createDrafts>
