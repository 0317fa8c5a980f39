import type { Say } from '../words/words.ts'
import type { Host } from '../host.ts'
import { el } from '../panel/dom.ts'
import css from './emoji.css?inline'

const FACES =
  '😀 😄 😂 🙂 😉 😊 😍 😘 😋 😜 🤔 😐 😏 😴 😌 😢 😭 😅 😓 😳 😱 😠 🙏 👍 👎 👌 👏 💪 🤝 ❤️ 🎉 🌹 🎁 ☕ 🌙 ☀️ ✨ 🔥 💯 ✅'.split(' ')
const COLUMNS = 8

/** A small list; arrow keys walk it, Escape and a choice close it. */
export class EmojiPicker {
  readonly element: HTMLElement
  private readonly choose: (face: string) => void
  private readonly toggled: (open: boolean) => void

  constructor(host: Host, say: Say, parent: Element, choose: (face: string) => void, toggled: (open: boolean) => void) {
    host.style(css)
    this.choose = choose
    this.toggled = toggled
    this.element = el('div', {
      class: 'emoji',
      role: 'group',
      'aria-label': say('emoji'),
      hidden: true,
      keydown: (event: KeyboardEvent) => this.walk(event),
      click: (event: MouseEvent) => this.clicked(event),
    })
    for (const face of FACES) this.element.append(el('button', { type: 'button', tabindex: '-1' }, face))
    parent.prepend(this.element)
  }

  get open(): boolean {
    return !this.element.hidden
  }

  toggle(open = !this.open): void {
    if (open === this.open) return
    this.element.hidden = !open
    if (open) this.focus(0)
    this.toggled(open)
  }

  private clicked(event: MouseEvent): void {
    const face = (event.target as HTMLElement).closest('button')?.textContent
    if (!face) return
    this.choose(face)
    this.toggle(false)
  }

  private walk(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }
    const step = steps[event.key]
    if (event.key === 'Escape') this.toggle(false)
    else if (step) this.focus(Array.from(this.element.children).indexOf(event.target as Element) + step)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  private focus(index: number): void {
    const button = this.element.children[index] as HTMLElement | undefined
    if (!button) return
    this.element.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1')
    button.setAttribute('tabindex', '0')
    button.focus()
  }
}
