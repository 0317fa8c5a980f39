import { describe, expect, it } from 'vitest'
import { match, type Choice } from '../palette.ts'

const choice = (title: string, detail = '', group = '会话'): Choice => ({ key: title, title, detail, group, run: () => undefined })
const choices = [choice('吴敏', '周六上午'), choice('周雅婷', '照片'), choice('Laura Bennett', 'invoice'), choice('在线', '', '状态')]
const titles = (text: string) => match(choices, text).map((found) => found.title)

describe('palette', () => {
  it('shows all in their order for no words', () => expect(titles(' ')).toEqual(choices.map((one) => one.title)))
  it('puts titles before details', () => expect(titles('周')).toEqual(['周雅婷', '吴敏']))
  it('needs every word, in any case', () => {
    expect(titles('laura INV')).toEqual(['Laura Bennett'])
    expect(titles('laura 照片')).toEqual([])
  })
  it('finds a whole group by its name', () => expect(titles('状态')).toEqual(['在线']))
})
