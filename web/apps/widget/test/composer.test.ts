import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Composer } from '../src/panel/composer.ts'
import { sayIn } from '../src/words/words.ts'
import zh from '../src/words/zh-CN.json' with { type: 'json' }

const send = vi.fn(async (_text: string) => true)
let composer: Composer
let box: HTMLTextAreaElement
const note = () => composer.element.querySelector('.note')!.textContent
const button = () => composer.element.querySelector<HTMLButtonElement>('.send')!
const settled = () => new Promise((resume) => setTimeout(resume))

function write(text: string): void {
  box.value = text
  box.dispatchEvent(new Event('input'))
}
function enter(more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, ...more })
  box.dispatchEvent(event)
  return event
}

beforeEach(() => {
  send.mockReset().mockResolvedValue(true)
  composer = new Composer(sayIn(zh), { send, typed: vi.fn(), emoji: vi.fn() })
  document.body.replaceChildren(composer.element)
  box = composer.element.querySelector('textarea')!
})

describe('the composer', () => {
  it('sends on Enter and is empty at once, so that a second Enter sends nothing', () => {
    write(' 你好\r\n世界 ')
    enter()
    enter()
    expect(send.mock.calls).toEqual([['你好\n世界']])
    expect(box.value).toBe('')
    expect(button().disabled).toBe(true)
  })

  it('sends nothing while an input method is composing', () => {
    write('ni hao')
    box.dispatchEvent(new Event('compositionstart'))
    expect(enter().defaultPrevented).toBe(false)
    enter({ isComposing: true })
    box.dispatchEvent(new Event('compositionend'))
    enter()
    expect(send).not.toHaveBeenCalled()
  })

  it('makes a new line on Shift+Enter', () => {
    write('a')
    expect(enter({ shiftKey: true }).defaultPrevented).toBe(false)
    expect(send).not.toHaveBeenCalled()
  })

  it('sends no white space', () => {
    write(' \n ')
    expect(button().disabled).toBe(true)
    enter()
    expect(send).not.toHaveBeenCalled()
  })

  it('keeps a text that is too long, counted as the server counts', () => {
    write('😀'.repeat(10_000))
    enter()
    expect(send).toHaveBeenCalledTimes(1)
    write('字'.repeat(10_001))
    enter()
    expect(send).toHaveBeenCalledTimes(1)
    expect(note()).toContain('10001')
    expect(box.value).toHaveLength(10_001)
    write('字')
    expect(note()).toBe('')
  })

  it('gives the text back when there is no room for it, before what was written since', async () => {
    send.mockResolvedValue(false)
    write('一')
    enter()
    box.value = '二'
    await settled()
    expect(box.value).toBe('一\n二')
    expect(note()).toBe(zh.outbox_full)
  })
})
