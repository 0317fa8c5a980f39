import type { ConversationRow, Intent, Locale, MeRow, Named, Role, StaffRow } from './rows.ts'

interface Sent {
  id: string
  conversation: string
  seq: number
  at: string
}

/** Every staff command: its arguments and its answer. */
export interface Commands {
  'conversations.send': { args: { conversation: string; text: string }; answer: Sent }
  'conversations.note': { args: { conversation: string; text: string }; answer: Sent }
  'conversations.mark': {
    args: { conversation: string; delivered?: number; read?: number }
    answer: { delivered: number; read: number }
  }
  'conversations.typing': { args: { conversation: string; on: boolean }; answer: Record<string, never> }
  'conversations.take': { args: { conversation: string }; answer: ConversationRow }
  'conversations.close': { args: { conversation: string }; answer: ConversationRow }
  'conversations.reopen': { args: { conversation: string }; answer: ConversationRow }
  'staff.set_intent': { args: { intent: Intent; reason?: string }; answer: MeRow }
  'staff.set_idle': { args: { idle: boolean }; answer: Record<string, never> }
  'staff.set_locale': { args: { locale: Locale }; answer: MeRow }
  'staff.create': {
    args: { name: string; email: string; password: string; role: Role; groups: string[]; capacity: number; locale: Locale }
    answer: StaffRow
  }
  'staff.change': {
    args: { staff: string; name?: string; role?: Role; groups?: string[]; capacity?: number; active?: boolean }
    answer: StaffRow
  }
  'staff.set_password': { args: { staff: string; password: string }; answer: Record<string, never> }
  'staff.create_group': { args: { name: string }; answer: Named }
  'staff.rename_group': { args: { group: string; name: string }; answer: Named }
}

export type CommandName = keyof Commands
