import { describe, expect, it } from 'vitest'
import { actionsFor } from '../store/actions.ts'
import { news } from '../store/news.ts'
import { at, conversation } from './rows.ts'

const last = (from: 'customer' | 'staff') => ({ seq: 2, at: at(2), from, kind: 'text' as const, text: '' })
const map = (...rows: ReturnType<typeof conversation>[]) => new Map(rows.map((row) => [row.key, row]))
const before = map(conversation('a', { last_seq: 1 }))
const after = (part: Parameters<typeof conversation>[1]) => map(conversation('a', { last_seq: 2, last: last('customer'), ...part }))

describe('news', () => {
  it('is a customer’s word to me or in the queue', () => {
    expect(news(before, after({}), 'me', null)).toHaveLength(1)
    expect(news(before, after({ state: 'queued', assignee: null }), 'me', null)).toHaveLength(1)
    expect(news(new Map(), after({}), 'me', null)).toHaveLength(1)
  })

  it('is nothing else', () => {
    expect(news(null, after({}), 'me', null)).toEqual([])
    expect(news(before, after({}), 'me', 'a')).toEqual([])
    expect(news(before, after({ last: last('staff') }), 'me', null)).toEqual([])
    expect(news(before, after({ assignee: { key: 'other', name: '' } }), 'me', null)).toEqual([])
    expect(news(before, after({ last_seq: 1 }), 'me', null)).toEqual([])
  })
})

describe('actions', () => {
  const agent = { key: 'me', role: 'agent' as const }
  it('fit the state and the person', () => {
    expect(actionsFor(conversation('a', { state: 'queued' }), agent)).toEqual(['take'])
    expect(actionsFor(conversation('a'), agent)).toEqual(['close'])
    expect(actionsFor(conversation('a', { state: 'closed' }), agent)).toEqual(['reopen'])
    const theirs = conversation('a', { assignee: { key: 'other', name: '' } })
    expect(actionsFor(theirs, agent)).toEqual([])
    expect(actionsFor(theirs, { key: 'me', role: 'supervisor' })).toEqual(['close'])
  })
})
