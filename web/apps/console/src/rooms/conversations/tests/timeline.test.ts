import { describe, expect, it } from 'vitest'
import { timeline, type Entry, type Outgoing } from '../store/timeline.ts'
import { at, conversation, me, message } from './rows.ts'

const mine = (seq: number, part = {}) => message(seq, { from: 'staff', sender: me, id: `id ${seq}`, ...part })
const going = (id: string, state: Outgoing['state'], part: Partial<Outgoing> = {}): Outgoing => ({
  id,
  note: false,
  text: id,
  at: new Date(at(50)).getTime(),
  state,
  late: false,
  reason: null,
  ...part,
})
const line = (part: Partial<Parameters<typeof timeline>[0]>) =>
  timeline({ conversation: conversation('a'), messages: [], outgoing: [], me, readUpTo: null, ...part })
const texts = (entries: Entry[]) => entries.filter((entry) => entry.kind === 'text')
const states = (entries: Entry[]) => texts(entries).map((entry) => entry.state)

describe('the line of time', () => {
  it('is ordered by seq, never by time or arrival', () => {
    const messages = [message(3, { at: at(1) }), message(1, { at: at(9) }), message(2)]
    expect(texts(line({ messages })).map((entry) => entry.seq)).toEqual([1, 2, 3])
  })

  it('tells how far each of ours has come', () => {
    const row = conversation('a', { customer_delivered: 2, customer_read: 1 })
    expect(states(line({ conversation: row, messages: [mine(1), mine(2), mine(3)] }))).toEqual(['read', 'delivered', 'sent'])
  })

  it('says nothing of the customer’s own words and of notes', () => {
    expect(states(line({ messages: [message(1), mine(2, { kind: 'note' })] }))).toEqual([null, null])
  })

  it('shows what is on its way after what is kept, once', () => {
    const entries = line({ messages: [mine(1)], outgoing: [going('id 1', 'sent'), going('id 2', 'queued'), going('id 3', 'failed', { reason: 'too long' })] })
    expect(texts(entries).map((entry) => entry.key)).toEqual(['id 1', 'id 2', 'id 3'])
    expect(states(entries)).toEqual(['sent', 'queued', 'failed'])
    expect(texts(entries).at(-1)?.reason).toBe('too long')
  })

  it('keeps the key of a text when it arrives, so that its bubble stays the same element', () => {
    const before = texts(line({ outgoing: [going('id 1', 'sending')] }))[0]?.key
    expect(texts(line({ messages: [mine(1)] }))[0]?.key).toBe(before)
  })

  it('names a run by one person once, and each failure by itself', () => {
    const entries = line({ messages: [message(1), message(2), mine(3)], outgoing: [going('x', 'failed'), going('y', 'failed')] })
    expect(texts(entries).map((entry) => entry.tail)).toEqual([false, true, true, true, true])
  })

  it('begins each day with its name', () => {
    const entries = line({ messages: [message(1, { at: '2026-11-20T02:00:00Z' }), message(2)] })
    expect(entries.map((entry) => entry.kind)).toEqual(['day', 'text', 'day', 'text'])
  })

  it('draws a line before what is unread, where something was read before', () => {
    expect(line({ messages: [message(1), mine(2), message(3)], readUpTo: 2 }).map((entry) => entry.kind)).toEqual(['day', 'text', 'text', 'unread', 'text'])
    expect(line({ messages: [message(1)], readUpTo: 0 }).map((entry) => entry.kind)).toEqual(['day', 'text'])
    expect(line({ messages: [message(1), mine(2)], readUpTo: 1 }).map((entry) => entry.kind)).not.toContain('unread')
  })
})
