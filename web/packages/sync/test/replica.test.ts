import { describe, expect, it } from 'vitest'
import type { Change, ReplicaFrame, SnapshotRow } from '../src/frames.ts'
import { Replica } from '../src/replica.ts'
import applying from '../vectors/applying.json' with { type: 'json' }
import resuming from '../vectors/resuming.json' with { type: 'json' }
import { seeded } from './seeded.ts'

interface Vector {
  name: string
  steps: (ReplicaFrame | { t: 'interrupted' })[]
  expect: { cursor: string | null; more: boolean; rows: SnapshotRow[] }
}

function play(replica: Replica, steps: Vector['steps']): Replica {
  for (const step of steps) {
    if (step.t === 'interrupted') replica.interrupted()
    else replica.apply(step)
  }
  return replica
}

/** Everything held, in a stable order. */
function dump(replica: Replica): SnapshotRow[] {
  const rows = Array.from(replica.held.values(), ({ type, key, rev, row }): SnapshotRow => [type, key, rev, row])
  return rows.sort((a, b) => (a[0] + '\0' + a[1] < b[0] + '\0' + b[1] ? -1 : 1))
}

describe('the shared vectors', () => {
  for (const vector of [...applying, ...resuming] as unknown as Vector[]) {
    it(vector.name, () => {
      const replica = play(new Replica(), vector.steps)
      expect({ cursor: replica.cursor, more: replica.more, rows: dump(replica) }).toEqual(vector.expect)
    })
  }
})

describe('repeating', () => {
  it('any part of a feed from an earlier point on gives the same state', () => {
    const random = seeded(7)
    for (let round = 0; round < 300; round++) {
      const feed = Array.from({ length: 1 + Math.floor(random() * 12) }, (_, i) => changeFrame(random, i))
      const upTo = Math.floor(random() * (feed.length + 1))
      const from = Math.floor(random() * (upTo + 1))
      const once = play(new Replica(), feed)
      const repeated = play(new Replica(), [...feed.slice(0, upTo), ...feed.slice(from)])
      expect(dump(repeated)).toEqual(dump(once))
      expect(repeated.cursor).toBe(once.cursor)
    }
  })
})

describe('apply', () => {
  it('tells which changes took effect', () => {
    const replica = new Replica()
    expect(replica.apply({ t: 'snapshot', topic: 'x', cursor: 'c', rows: [['m', 'a', 2, 1]], more: false })).toBe('all')
    const changes: Change[] = [['put', 'm', 'a', 2, 9], ['drop', 'm', 'z'], ['put', 'm', 'b', 1, 2]]
    expect(replica.apply({ t: 'change', topic: 'x', cursor: 'd', changes })).toEqual([['put', 'm', 'b', 1, 2]])
    expect(replica.get('m', 'b')).toBe(2)
    expect(replica.all('m')).toEqual([1, 2])
    expect(replica.all('n')).toEqual([])
  })
})

function changeFrame(random: () => number, i: number): ReplicaFrame {
  const pick = (n: number) => Math.floor(random() * n)
  const changes = Array.from({ length: pick(4) }, (): Change => {
    const [type, key] = ['tu'[pick(2)]!, 'abc'[pick(3)]!]
    const rev = pick(6)
    return random() < 0.3 ? ['drop', type, key] : ['put', type, key, rev, `${type}${key}${rev}`]
  })
  return { t: 'change', topic: 'x', cursor: 'c' + i, changes }
}
