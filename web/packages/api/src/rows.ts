/** The rows a staff client holds: docs/protocol.md, section 5.2. */

export type Intent = 'online' | 'busy' | 'away' | 'invisible' | 'offline'
export type Role = 'agent' | 'supervisor' | 'administrator'
export type Locale = 'zh-CN' | 'en'
export type ConversationState = 'queued' | 'active' | 'closed'

export interface Named {
  key: string
  name: string
}

export interface MeRow {
  key: string
  name: string
  email: string
  locale: Locale
  role: Role
  rights: string[]
  groups: Named[]
  intent: Intent
  reason: string | null
  accepting: boolean
  capacity: number
}

export interface TeamRow {
  key: string
  name: string
  role: Role
  groups: string[]
  intent: Intent
  reason: string | null
  connected: boolean
  accepting: boolean
  capacity: number
}

export interface LastMessage {
  seq: number
  at: string
  from: 'customer' | 'staff' | 'system'
  kind: 'text' | 'note' | 'event'
  text: string
}

export interface ConversationRow {
  key: string
  channel: string
  site: Named | null
  group: Named
  state: ConversationState
  assignee: Named | null
  customer: Named
  started_at: string
  queued_at: string
  waiting_since: string | null
  last: LastMessage | null
  last_seq: number
  unread: number
  staff_delivered: number
  staff_read: number
  customer_delivered: number
  customer_read: number
  closed_at: string | null
  close_reason: string | null
}

export interface MessageRow {
  conversation: string
  seq: number
  at: string
  from: 'customer' | 'staff' | 'system'
  sender: Named | null
  kind: 'text' | 'note' | 'event'
  text: string
  code: string | null
  params: Record<string, unknown>
  id: string | null
}

/** `[type, key, rev, row]`, as in snapshots and histories. */
export type Sealed<T> = [type: string, key: string, rev: number, row: T]

export interface History {
  rows: Sealed<MessageRow>[]
  more: boolean
}

/** What the `typing` signal of a thread carries. */
export interface Typing {
  who: 'customer' | 'staff'
  key: string
  name: string
  on: boolean
}

export interface StaffRow {
  key: string
  name: string
  email: string
  role: Role
  groups: string[]
  capacity: number
  active: boolean
  locale: Locale
}

export interface Page<T> {
  rows: T[]
  next: string | null
}
