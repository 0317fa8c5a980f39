import type { StaffRow } from '@yingke/api'
import { describe, expect, it } from 'vitest'
import { fieldsIn, sorted } from '../store/people.ts'

const person = (name: string, active = true) => ({ key: name, name, active }) as StaffRow

describe('people', () => {
  it('stand by name in the reader’s language, who is no longer here last', () => {
    const rows = [person('周明'), person('陈立'), person('阿宝', false), person('何静')]
    expect(sorted(rows, 'zh-CN').map((row) => row.name)).toEqual(['陈立', '何静', '周明', '阿宝'])
  })

  it('have their refusals told by field', () => {
    const problem = { code: 'invalid', status: 422, errors: [{ field: 'args.email', code: 'taken' }] }
    expect(fieldsIn(problem)).toEqual(['email'])
    expect(fieldsIn(null)).toEqual([])
  })
})
