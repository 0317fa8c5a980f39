import type { Item } from '@yingke/sync'
import { describe, expect, it } from 'vitest'
import { NO_CONVERSATION, type Conversation, type Message } from '../src/panel/rows.ts'
import { threadEntries, type ThreadInput } from '../src/panel/thread-model.ts'
import { sayIn } from '../src/words/words.ts'
import zh from '../src/words/zh-CN.json' with { type: 'json' }

const NOW = new Date(2026, 10, 21, 14, 30).getTime()
const at = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString()

const conversation: Conversation = {
  ...NO_CONVERSATION,
  key: 'k',
  no: 1,
  state: 'active',
  agent: { name: '林芳' },
  staff_delivered: 4,
  staff_read: 2,
}
function row(seq: number, text: string, more: Partial<Message> = {}): Message {
  const mine = { from: 'visitor', name: null, kind: 'text', code: null, params: {}, id: 'id-' + seq } as const
  return { conversation: 'k', no: 1, seq, at: at(5), text, ...mine, ...more }
}
const staff = { from: 'staff', name: '林芳', id: null } as const
function item(id: string, text: string, more: Partial<Item> = {}): Item {
  return { id, target: 'chat', name: 'send', args: { text }, at: NOW, state: 'sending', late: false, ...more }
}
function lines(input: Partial<ThreadInput>): string[] {
  const base = { messages: [], conversation, items: [], greeting: '', more: false, now: NOW, locale: 'zh-CN', say: sayIn(zh) } as const
  return threadEntries({ ...base, ...input }).map((entry) => entry.kind + ' ' + entry.text)
}

describe('the thread', () => {
  it('greets before anything is said, and not above history that is not loaded', () => {
    expect(lines({ greeting: '您好' })).toEqual(['theirs 您好'])
    expect(lines({ greeting: '您好', more: true })).toEqual([])
  })

  it('says how far each of my messages has come, once for a run', () => {
    const messages = [1, 2, 3, 4, 5, 6].map((seq) => row(seq, String(seq)))
    expect(lines({ messages }).slice(1)).toEqual([
      'mine 1', 'mine 2', 'mark 已读', 'mine 3', 'mine 4', 'mark 已送达', 'mine 5', 'mine 6', 'mark 已发送',
    ])
  })

  it('shows a message once, whether it is known as an item, as a row or as both', () => {
    const messages = [row(5, '好')]
    expect(lines({ items: [item('id-5', '好')] }).slice(1)).toEqual(['mine 好', 'mark 发送中'])
    expect(lines({ items: [item('id-5', '好', { state: 'sent' })] }).slice(1)).toEqual(['mine 好', 'mark 已发送'])
    expect(lines({ items: [item('id-5', '好', { state: 'sent' })], messages }).slice(1)).toEqual(['mine 好', 'mark 已发送'])
  })

  it('keeps the key of a message when its item becomes a row', () => {
    const keys = (input: Partial<ThreadInput>) =>
      threadEntries({ messages: [], items: [], conversation, greeting: '', more: false, now: NOW, locale: 'en', say: sayIn(zh), ...input })
        .filter(({ kind }) => kind === 'mine')
        .map(({ key }) => key)
    expect(keys({ items: [item('id-5', '好')] })).toEqual(keys({ messages: [row(5, '好')] }))
  })

  it('says when a message is late or refused, and what can be done', () => {
    const problem = { status: 422, code: 'text_bad_characters', detail: '含有不能发送的字符' }
    const entries = threadEntries({
      messages: [],
      conversation,
      greeting: '',
      more: false,
      now: NOW,
      locale: 'zh-CN',
      say: sayIn(zh),
      items: [
        item('a', '甲', { late: true }),
        item('b', '乙', { state: 'failed', problem }),
        item('c', '丙', { state: 'failed', problem: { status: 403, code: 'forbidden' } }),
      ],
    })
    expect(entries.filter(({ kind }) => kind === 'mark')).toMatchObject([
      { mark: 'late', text: '未送达，正在重试', canRetry: true },
      { mark: 'failed', text: '未送达：含有不能发送的字符', canRetry: false },
      { mark: 'failed', text: '未送达：forbidden', canRetry: true },
    ])
  })

  it('parts days and pauses', () => {
    const messages = [
      row(1, 'a', { at: new Date(2025, 4, 3, 9, 5).toISOString() }),
      row(2, 'b', { at: at(24 * 60) }),
      row(3, 'c', { at: at(30) }),
      row(4, 'd', { at: at(25) }),
      row(5, 'e', { at: at(5) }),
    ]
    const times = lines({ messages }).filter((line) => line.startsWith('time'))
    expect(times).toEqual(['time 2025年5月3日 09:05', 'time 昨天 14:30', 'time 今天 14:00', 'time 今天 14:25'])
  })

  it('names who speaks, where it is not the one in the head of the panel', () => {
    const other = { ...staff, name: '陈默' }
    const messages = [row(1, 'a', staff), row(2, 'b', other), row(3, 'c', other), row(4, 'd', staff)]
    expect(lines({ messages }).slice(1)).toEqual(['theirs a', 'name 陈默', 'theirs b', 'theirs c', 'theirs d'])
  })

  it('tells what happened, and at the end how to go on', () => {
    const event = (seq: number, code: string, params = {}) => row(seq, '', { from: 'system', kind: 'event', code, params, id: null })
    const messages = [
      event(1, 'agent_joined', { name: '林芳' }),
      event(2, 'conversation_closed', { reason: 'visitor' }),
      event(3, 'conversation_reopened'),
      event(4, 'something_newer'),
      event(5, 'conversation_closed'),
    ]
    expect(lines({ messages, conversation: { ...conversation, state: 'closed' } }).slice(1)).toEqual([
      'event 林芳 为您服务',
      'event 会话已结束',
      'event 会话已继续',
      'event 会话已结束，发消息即可继续',
    ])
  })

  it('says nothing of how far messages of an earlier conversation have come', () => {
    const messages = [row(1, 'a', { conversation: 'earlier' })]
    expect(lines({ messages }).slice(1)).toEqual(['mine a'])
  })
})
