import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDrafts, type Drafts } from '../store/drafts.ts'

let drafts: Drafts
const reopen = () => {
  drafts.stop()
  drafts = createDrafts('me')
}

beforeEach(() => {
  vi.useFakeTimers()
  drafts = createDrafts('me')
})
afterEach(() => {
  drafts.stop()
  vi.useRealTimers()
  localStorage.clear()
})

describe('drafts', () => {
  it('are one for each conversation and outlast a reload', () => {
    drafts.change('a', { reply: '写到一半' })
    drafts.change('b', { mode: 'note', note: '备注' })
    reopen()
    expect(drafts.of('a')).toEqual({ mode: 'reply', reply: '写到一半', note: '' })
    expect(drafts.of('b').mode).toBe('note')
    expect(drafts.waiting('b')).toBe('备注')
  })

  it('are written when the page is left, before their delay is over', () => {
    drafts.change('a', { reply: 'x' })
    expect(localStorage.length).toBe(0)
    dispatchEvent(new Event('pagehide'))
    expect(localStorage.length).toBe(1)
  })

  it('leave nothing behind when empty', () => {
    drafts.change('a', { reply: 'x' })
    vi.advanceTimersByTime(300)
    drafts.change('a', { reply: '' })
    vi.advanceTimersByTime(300)
    expect(localStorage.length).toBe(0)
  })

  it('belong to one person', () => {
    drafts.change('a', { reply: 'mine' })
    drafts.flush()
    const theirs = createDrafts('other')
    expect(theirs.of('a').reply).toBe('')
    theirs.stop()
  })

  it('take a refused text back before what is there', () => {
    drafts.change('a', { reply: 'new' })
    drafts.takeBack('a', 'refused', 'reply')
    expect(drafts.of('a')).toMatchObject({ mode: 'reply', reply: 'refused\nnew' })
  })

  it('follow the other window, unless something is being typed here', () => {
    const elsewhere = (text: string) => {
      localStorage.setItem('yk:draft:me:a', JSON.stringify({ mode: 'reply', reply: text, note: '' }))
      dispatchEvent(new StorageEvent('storage', { key: 'yk:draft:me:a' }))
    }
    expect(drafts.of('a').reply).toBe('')
    elsewhere('from there')
    expect(drafts.of('a').reply).toBe('from there')
    drafts.change('a', { reply: 'from here' })
    elsewhere('from there again')
    expect(drafts.of('a').reply).toBe('from here')
  })
})
