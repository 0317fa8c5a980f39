import { nextTick, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { linesOf, stepFrom } from '../store/list.ts'
import { differences, useSteadyOrder } from '../store/order.ts'
import type { Place } from '../store/sections.ts'
import { conversation } from './rows.ts'

const places = (...keys: string[]): Place[] => keys.map((key) => ({ key, section: 'mine' }))
const keysOf = (list: readonly Place[]) => list.map((place) => place.key).join('')

describe('the order under the pointer', () => {
  it('stays while held, and says how much waits', async () => {
    const fresh = ref(places('a', 'b'))
    const held = ref(false)
    const { shown, pending, apply } = useSteadyOrder(fresh, held)
    held.value = true
    fresh.value = [...places('c', 'b'), { key: 'a', section: 'waiting' }]
    await nextTick()
    expect(keysOf(shown.value)).toBe('ab')
    expect(pending.value).toBe(2)
    apply()
    expect(keysOf(shown.value)).toBe('cba')
    expect(pending.value).toBe(0)
  })

  it('is the new one as soon as the pointer has left', async () => {
    const fresh = ref(places('a'))
    const held = ref(true)
    const { shown } = useSteadyOrder(fresh, held)
    fresh.value = places('b', 'a')
    await nextTick()
    expect(keysOf(shown.value)).toBe('a')
    held.value = false
    await nextTick()
    expect(keysOf(shown.value)).toBe('ba')
  })

  it('counts what comes or changes its section, not what only slides', () => {
    expect(differences(places('a', 'b'), places('b', 'a'))).toBe(0)
    expect(differences(places('a'), places('a', 'b'))).toBe(1)
  })
})

describe('lines', () => {
  const heights = { header: 30, row: 56 }
  const rows = new Map(['a', 'b', 'c'].map((key) => [key, conversation(key)]))

  it('have a header for each section with its count', () => {
    const lines = linesOf([{ key: 'a', section: 'waiting' }, ...places('b', 'c')], rows, new Map(), heights)
    expect(lines.map((line) => (line.kind === 'header' ? `${line.section} ${line.count}` : line.key))).toEqual(['waiting 1', 'a', 'mine 2', 'b', 'c'])
  })

  it('keep the place of what has gone', () => {
    const remembered = new Map()
    linesOf(places('a', 'b'), rows, remembered, heights)
    const lines = linesOf(places('a', 'b'), new Map([['b', rows.get('b')!]]), remembered, heights)
    expect(lines.filter((line) => line.kind === 'row').map((line) => [line.key, line.gone])).toEqual([
      ['a', true],
      ['b', false],
    ])
    linesOf(places('b'), rows, remembered, heights)
    expect([...remembered.keys()]).toEqual(['b'])
  })

  it('are walked by the keyboard without leaving the list', () => {
    const lines = linesOf(places('a', 'b'), rows, new Map(), heights)
    expect(stepFrom(lines, null, 1)).toBe('a')
    expect(stepFrom(lines, null, -1)).toBe('b')
    expect(stepFrom(lines, 'a', 1)).toBe('b')
    expect(stepFrom(lines, 'b', 1)).toBe('b')
    expect(stepFrom(lines, 'gone', 1)).toBe('a')
  })
})
