import { describe, expect, it } from 'vitest'
import { arrange, countsOf, placesOf, urgency } from '../store/sections.ts'
import { at, conversation } from './rows.ts'

const other = { key: 'other', name: '何静' }
const last = (seconds: number) => ({ seq: 1, at: at(seconds), from: 'staff' as const, kind: 'text' as const, text: '' })
const rows = [
  conversation('new wait', { waiting_since: at(50) }),
  conversation('long wait', { waiting_since: at(10) }),
  conversation('quiet', { last: last(5) }),
  conversation('lively', { last: last(40) }),
  conversation('queued late', { state: 'queued', assignee: null, queued_at: at(30) }),
  conversation('queued early', { state: 'queued', assignee: null, queued_at: at(20) }),
  conversation('theirs', { assignee: other, waiting_since: at(1) }),
  conversation('over', { state: 'closed' }),
]
const arranged = arrange(rows, 'me')
const keys = (tab: Parameters<typeof placesOf>[1]) => placesOf(arranged, tab).map((place) => place.key)

describe('sections', () => {
  it('put the longest wait first and the liveliest of the rest', () => {
    expect(keys('waiting')).toEqual(['long wait', 'new wait', 'lively', 'quiet', 'queued early', 'queued late'])
    expect(keys('mine')).toEqual(['long wait', 'new wait', 'lively', 'quiet'])
    expect(keys('queue')).toEqual(['queued early', 'queued late'])
    expect(keys('all').at(-1)).toBe('theirs')
  })

  it('leave out what is closed', () => expect(keys('all')).not.toContain('over'))

  it('count honestly', () => expect(countsOf(arranged)).toEqual({ waiting: 2, mine: 4, queue: 2, all: 7 }))

  it('do not depend on the order of arrival', () => {
    expect(placesOf(arrange([...rows].reverse(), 'me'), 'all')).toEqual(placesOf(arranged, 'all'))
  })

  it('turn amber after a minute and red after two', () => {
    const now = new Date(at(200)).getTime()
    expect([at(150), at(140), at(80)].map((since) => urgency(since, now))).toEqual(['calm', 'amber', 'red'])
  })
})
