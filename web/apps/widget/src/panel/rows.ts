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
  readonly state: 'queued' | 'active' | 'closed'
  readonly agent: { readonly name: string } | null
  readonly ahead: number | null
  readonly staff_delivered: number
  readonly staff_read: number
  readonly delivered: number
  readonly read: number
  readonly unread: number
  readonly last_seq: number
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
