import type { ConversationRow, MessageRow } from '@yingke/api'

/** Rows for tests; `at` is seconds after a fixed moment. */
export const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 6, 0, seconds)).toISOString().replace('Z', '000Z')

export const me = { key: 'me', name: '林芳' }

export function conversation(key: string, part: Partial<ConversationRow> = {}): ConversationRow {
  return {
    key,
    channel: 'web',
    site: null,
    group: { key: 'group', name: '售后一组' },
    state: 'active',
    assignee: me,
    customer: { key: `customer ${key}`, name: key },
    started_at: at(0),
    queued_at: at(0),
    waiting_since: null,
    last: null,
    last_seq: 0,
    unread: 0,
    staff_delivered: 0,
    staff_read: 0,
    customer_delivered: 0,
    customer_read: 0,
    closed_at: null,
    close_reason: null,
    ...part,
  }
}

export function message(seq: number, part: Partial<MessageRow> = {}): MessageRow {
  return {
    conversation: 'a',
    seq,
    at: at(seq),
    from: 'customer',
    sender: { key: 'customer', name: '周雅婷' },
    kind: 'text',
    text: `text ${seq}`,
    code: null,
    params: {},
    id: null,
    ...part,
  }
}
