import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createGaze, createMarks } from '../store/marks.ts'
import { conversation } from './rows.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('marks', () => {
  it('are sent at most once a second for each conversation, and only grow', async () => {
    const send = vi.fn(async () => undefined)
    const marks = createMarks(send)
    const row = conversation('a', { last_seq: 9 })
    marks.delivered(row)
    await vi.advanceTimersByTimeAsync(0)
    marks.read(row, 7)
    marks.read(row, 9)
    marks.read(row, 8)
    await vi.advanceTimersByTimeAsync(999)
    expect(send.mock.calls).toEqual([[{ conversation: 'a', delivered: 9 }]])
    await vi.advanceTimersByTimeAsync(1)
    expect(send.mock.calls[1]).toEqual([{ conversation: 'a', delivered: 9, read: 9 }])
    await vi.advanceTimersByTimeAsync(5000)
    expect(send).toHaveBeenCalledTimes(2)
  })

  it('are not sent for what the row shows already', async () => {
    const send = vi.fn(async () => undefined)
    const marks = createMarks(send)
    marks.read(conversation('a', { last_seq: 9, staff_delivered: 9, staff_read: 9 }), 9)
    await vi.advanceTimersByTimeAsync(2000)
    expect(send).not.toHaveBeenCalled()
  })

  it('are said again after a reconnect until the row shows them', async () => {
    const send = vi.fn(async () => Promise.reject(new Error('cut')))
    const marks = createMarks(send)
    marks.read(conversation('a', { last_seq: 9 }), 9)
    await vi.advanceTimersByTimeAsync(1000)
    marks.reconsider(conversation('a', { last_seq: 9 }))
    await vi.advanceTimersByTimeAsync(1000)
    expect(send).toHaveBeenCalledTimes(2)
    marks.reconsider(conversation('a', { last_seq: 9, staff_delivered: 9, staff_read: 9 }))
    await vi.advanceTimersByTimeAsync(5000)
    expect(send).toHaveBeenCalledTimes(2)
  })
})

describe('reading', () => {
  it('takes half a second in view on end', () => {
    const read = vi.fn()
    const gaze = createGaze(read)
    gaze.see(1, true)
    vi.advanceTimersByTime(499)
    gaze.see(1, false)
    gaze.see(1, true)
    vi.advanceTimersByTime(499)
    expect(read).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(read).toHaveBeenCalledExactlyOnceWith(1)
  })

  it('does not happen in a hidden tab', () => {
    const read = vi.fn()
    const gaze = createGaze(read)
    gaze.tab(false)
    gaze.see(1, true)
    vi.advanceTimersByTime(5000)
    expect(read).not.toHaveBeenCalled()
    gaze.tab(true)
    vi.advanceTimersByTime(500)
    expect(read).toHaveBeenCalledWith(1)
  })
})
