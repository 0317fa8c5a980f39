import { describe, expect, it } from 'vitest'
import { continueAfter, uuid7 } from '../src/uuid.ts'

describe('uuid7', () => {
  it('is a version 7 UUID', () => {
    expect(uuid7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('grows within a millisecond and when the clock steps back', () => {
    const now = Date.now() + 1000
    const ids = Array.from({ length: 10_000 }, (_, i) => uuid7(now - (i % 7)))
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('goes on after an id from before a reload', () => {
    const later = uuid7(Date.now() + 3_600_000)
    continueAfter(later)
    expect(uuid7() > later).toBe(true)
  })
})
