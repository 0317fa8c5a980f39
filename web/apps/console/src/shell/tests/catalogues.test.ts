import { describe, expect, it } from 'vitest'

type Texts = { [key: string]: string | Texts }

const files = import.meta.glob<Texts>(['../*.json', '../../rooms/*/*.json'], { eager: true, import: 'default' })
const han = /\p{Script=Han}/u
/** Chinese texts that need no Chinese sign. */
const withoutHan = ['and']

function flat(texts: Texts, above = ''): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(texts).map(([key, text]) =>
      typeof text === 'string' ? { [above + key]: text } : flat(text, `${above}${key}.`),
    ),
  ) as Record<string, string>
}

const params = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort()
const folders = Object.keys(files)
  .filter((path) => path.endsWith('zh-CN.json'))
  .map((path) => path.replace('zh-CN.json', ''))

describe.each(folders)('catalogues in %s', (folder) => {
  const zh = flat(files[`${folder}zh-CN.json`]!)
  const en = flat(files[`${folder}en.json`] ?? {})

  it('have the same keys', () => expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort()))
  it('have no empty text', () => expect([...Object.values(zh), ...Object.values(en)].filter((text) => !text.trim())).toEqual([]))
  it('take the same parameters', () => {
    expect(Object.keys(zh).filter((key) => params(zh[key]!).join() !== params(en[key]!).join())).toEqual([])
  })
  it('say it in Chinese in one and not in the other', () => {
    expect(Object.keys(zh).filter((key) => !han.test(zh[key]!) && !withoutHan.includes(key))).toEqual([])
    expect(Object.keys(en).filter((key) => han.test(en[key]!))).toEqual([])
  })
  it('do not shout', () => expect([...Object.values(zh), ...Object.values(en)].filter((text) => /[!！]/.test(text))).toEqual([]))
})

describe('texts used by the pages', () => {
  const sources = import.meta.glob<string>(['../**/*.{vue,ts}', '../../rooms/**/*.{vue,ts}', '!../../**/*.test.ts'], {
    eager: true,
    query: '?raw',
    import: 'default',
  })
  const all = new Set(
    folders.flatMap((folder) => {
      const room = folder.split('/').at(-2)
      return Object.keys(flat(files[`${folder}zh-CN.json`]!)).map((key) => `${room === '..' ? 'shell' : room}.${key}`)
    }),
  )

  const joined = Object.values(sources).join('\n')

  it('exist', () => {
    const used = [...joined.matchAll(/(?:\bt\(|label: |group: |keysGroup = )['`]([\w-]+\.[\w.-]+)['`]/g)].map((found) => found[1]!)
    expect(used.length).toBeGreaterThan(100)
    expect([...new Set(used)].filter((key) => !all.has(key))).toEqual([])
  })

  it('are all the texts there are', () => {
    const begun = [...joined.matchAll(/`([\w-]+\.[\w.-]*)\$\{/g)].map((found) => found[1]!)
    const isUsed = (key: string) => joined.includes(`'${key}'`) || begun.some((start) => key.startsWith(start))
    expect([...all].filter((key) => !isUsed(key))).toEqual([])
  })
})
