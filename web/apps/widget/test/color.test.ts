import { describe, expect, it } from 'vitest'
import { contrast, palette, parse } from '../src/panel/color.ts'

// Grounds of the dark panel that text in the brand's colour stands on: head, composer, thread, bubbles.
const DARK = ['#1c1b19', '#161513', '#262521']
const of = (one: string, other: string) => contrast(parse(one)!, parse(other)!)

describe('palette', () => {
  it('is readable for every colour a site may choose', () => {
    for (let r = 0; r < 256; r += 15) {
      for (let g = 0; g < 256; g += 15) {
        for (let b = 0; b < 256; b += 15) {
          const colors = palette('#' + [r, g, b].map((value) => value.toString(16).padStart(2, '0')).join(''))
          expect(of(colors.brand, colors.onBrand)).toBeGreaterThanOrEqual(4.5)
          expect(of(colors.accent, '#ffffff')).toBeGreaterThanOrEqual(4.5)
          expect(of(colors.accent, colors.tint)).toBeGreaterThanOrEqual(4.5)
          for (const ground of DARK) expect(of(colors.accentDark, ground)).toBeGreaterThanOrEqual(4.5)
          expect(of(colors.accentDark, colors.tintDark)).toBeGreaterThanOrEqual(4.5)
        }
      }
    }
  })

  it('leaves a colour alone that is readable already', () => {
    expect(palette('#0f6b5c')).toMatchObject({ brand: '#0f6b5c', onBrand: '#ffffff', accent: '#0f6b5c' })
  })

  it('darkens a little for white text, and puts dark text on what is bright', () => {
    expect(palette('#e8590c').onBrand).toBe('#ffffff')
    expect(palette('#ffd400')).toMatchObject({ brand: '#ffd400', onBrand: '#1b1a17' })
  })

  it('takes short notation, and our own colour for what is none', () => {
    expect(palette('#FFF').brand).toBe('#ffffff')
    for (const none of ['', 'red', '#12', '#12345', 'url(x)', '#0f6b5c;x']) expect(palette(none).brand).toBe('#0f6b5c')
  })
})
