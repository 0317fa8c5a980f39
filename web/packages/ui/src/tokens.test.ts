import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8')

function tokens(selector: string): Record<string, string> {
  const body = css.split(`${selector} {`)[1]!.split('}')[0]!
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{3,6});/g)].map((found) => [found[1], found[2]]))
}

function luminance(color: string): number {
  const hex = color.length === 4 ? color.replace(/[0-9a-f]/g, '$&$&') : color
  const [r, g, b] = [1, 3, 5].map((i) => {
    const part = parseInt(hex.slice(i, i + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light! + 0.05) / (dark! + 0.05)
}

const surfaces = ['surface', 'surface-1', 'surface-2', 'accent-soft']
const pairs: [text: string, on: string][] = [
  ...['text', 'text-2', 'text-3', 'accent', 'red', 'amber', 'blue'].flatMap((text) => surfaces.map((on): [string, string] => [text, on])),
  ['text', 'note'],
  ['note-text', 'note'],
  ['note-text', 'surface-1'],
  ['text-2', 'surface-3'],
  ['text', 'accent-line'],
  ['red', 'red-soft'],
  ['amber', 'amber-soft'],
  ['blue', 'blue-soft'],
  ['green', 'green-soft'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['on-strong', 'red'],
]

describe.each([':root', '[data-theme="dark"]'])('contrast in %s', (selector) => {
  const held = tokens(selector)
  it.each(pairs)('%s on %s', (text, on) => expect(contrast(held[text]!, held[on]!)).toBeGreaterThanOrEqual(4.5))
  it('lets controls be seen (3:1)', () => expect(contrast(held['control-line']!, held['surface']!)).toBeGreaterThanOrEqual(3))
})
