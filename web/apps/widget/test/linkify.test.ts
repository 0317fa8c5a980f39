import { describe, expect, it } from 'vitest'
import { linkify } from '../src/panel/linkify.ts'

const links = (text: string) => linkify(text).flatMap(({ href }) => href ?? [])

describe('linkify', () => {
  it('finds addresses in running text and changes none of it', () => {
    const text = '看这里:https://a.cn/b?c=1&d=2,还有http://例.com和https://a.cn。谢谢'
    expect(linkify(text).map((piece) => piece.text).join('')).toBe(text)
    expect(links(text)).toEqual(['https://a.cn/b?c=1&d=2', 'https://a.cn/'])
  })

  it.each([
    ['见 https://a.cn/x。', 'https://a.cn/x'],
    ['(https://a.cn/x)', 'https://a.cn/x'],
    ['https://a.cn/x_(y)', 'https://a.cn/x_(y)'],
    ['https://a.cn/x(请打开)', 'https://a.cn/x'],
    ['https://a.cn/x?!', 'https://a.cn/x'],
    ['Is it https://a.cn/x, or not?', 'https://a.cn/x'],
    ['HTTPS://A.CN/X', 'https://a.cn/X'],
  ])('%s', (text, href) => {
    expect(links(text)).toEqual([href])
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'ftp://a.cn/x',
    'www.a.cn',
    'https://',
    'https://bank.cn@evil.cn/',
    '<a href="x">https</a>',
  ])('makes no link of %s', (text) => {
    expect(links(text)).toEqual([])
    expect(linkify(text).map((piece) => piece.text).join('')).toBe(text)
  })

  it('is quick with hostile text', () => {
    const began = performance.now()
    linkify('https://a' + ')'.repeat(10_000))
    linkify('https://a' + '!)'.repeat(5_000))
    expect(performance.now() - began).toBeLessThan(1000)
  })
})
