/** Rows of the topic `chat` and what a session answers: docs/protocol.md, sections 2.1 and 5.1. */

export interface Site {
  readonly name: string
  readonly locale: string
  readonly color: string
  readonly title: string
  readonly greeting: string
  readonly notice: string
  readonly open: boolean
}

export interface Conversation {
  readonly key: string
  readonly no: number
  readonly state: 'none' | 'queued' | 'active' | 'closed'
  readonly agent: { readonly name: string } | null
  readonly ahead: number | null
  readonly staff_delivered: number
  readonly staff_read: number
  readonly delivered: number
  readonly read: number
  readonly unread: number
}

/** Before the first message, and until the chat is known. */
export const NO_CONVERSATION: Conversation = {
  key: '',
  no: 0,
  state: 'none',
  agent: null,
  ahead: null,
  staff_delivered: 0,
  staff_read: 0,
  delivered: 0,
  read: 0,
  unread: 0,
}

export interface Message {
  readonly conversation: string
  readonly no: number
  readonly seq: number
  readonly at: string
  readonly from: 'visitor' | 'staff' | 'system'
  readonly name: string | null
  readonly kind: 'text' | 'event'
  readonly text: string | null
  readonly code: string | null
  readonly params: Readonly<Record<string, string | number>>
  /** The command's id, on one's own. */
  readonly id?: string | null
}
