import { describe, expect, it } from 'vitest'
import { place } from './place.ts'
import { initial } from './initial.ts'
import { placeBubble } from './tip.ts'
import { offsets, reveal, visible } from './window.ts'

const rows = Array.from({ length: 1000 }, (_, i) => ({ key: String(i), height: i % 10 === 0 ? 30 : 56 }))
const tops = offsets(rows)

describe('the window of a list', () => {
  it('holds every row on screen and few others', () => {
    for (const scroll of [0, 1, 29, 30, 5000, tops.at(-1)! - 600]) {
      const { from, to } = visible(tops, scroll, 600, 0)
      expect(tops[from]).toBeLessThanOrEqual(scroll)
      expect(tops[to]).toBeGreaterThanOrEqual(Math.min(scroll + 600, tops.at(-1)!))
      expect(to - from).toBeLessThan(16)
    }
  })

  it('is empty for no rows, and ends with the last', () => {
    expect(visible(offsets([]), 0, 600, 100)).toEqual({ from: 0, to: 0 })
    expect(visible(tops, tops.at(-1)!, 600, 600).to).toBe(1000)
  })

  it('moves as little as needed to show a row', () => {
    expect(reveal(tops, 0, 500, 600)).toBe(0)
    expect(reveal(tops, 12, tops[12]! - 10, 600)).toBe(tops[12]! - 10)
    expect(reveal(tops, 100, 0, 600)).toBe(tops[101]! - 600)
  })
})

describe('floating things', () => {
  const view = { width: 400, height: 600 }
  const size = { width: 200, height: 300 }
  it('stay on screen', () => {
    expect(place({ left: 350, top: 10, right: 390, bottom: 40 }, size, view, 'below-start')).toEqual({ left: 192, top: 44 })
    expect(place({ left: 10, top: 500, right: 50, bottom: 540 }, size, view, 'below-start')).toEqual({ left: 10, top: 196 })
    expect(place({ left: 5, top: 550, right: 45, bottom: 590 }, size, view, 'right-end')).toEqual({ left: 49, top: 290 })
  })
  it('put a hint above where there is no room below', () => {
    expect(placeBubble({ left: 0, top: 580, bottom: 600, width: 20 } as DOMRect, { width: 80, height: 24 }, view)).toEqual({ left: 6, top: 550 })
  })
})

describe('the sign of a name', () => {
  it.each([
    ['周雅婷', '周'],
    [' laura', 'L'],
    ['😀 x', '😀'],
    ['', '?'],
  ])('%s', (name, sign) => expect(initial(name)).toBe(sign))
})
