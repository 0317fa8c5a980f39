import { afterEach, describe, expect, it, vi } from 'vitest'
import { forget, load, save } from '../storage.ts'

afterEach(() => localStorage.clear())

describe('storage', () => {
  it('keeps and forgets', () => {
    save('a', { b: 1 })
    expect(load('a')).toEqual({ b: 1 })
    forget('a')
    expect(load('a')).toBeNull()
  })

  it('goes on in memory where the browser refuses', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new Error('full')
    })
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
      throw new Error('blocked')
    })
    save('a', 1)
    expect(load('a')).toBe(1)
    expect(load('never')).toBeNull()
  })

  it('takes what it cannot read for nothing', () => {
    localStorage.setItem('broken', '{')
    expect(load('broken')).toBeNull()
  })
})
