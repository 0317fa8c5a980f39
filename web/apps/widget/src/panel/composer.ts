import type { EmojiPicker } from '../extras/emoji.ts'
import type { Say } from '../words/words.ts'
import { el, icon, setText } from './dom.ts'
import { FACE, PLANE } from './icons.ts'
import { Composition } from './keys.ts'

const LONGEST = 10_000
const TALLEST = 120

export interface ComposerActions {
  /** False when it could not be taken; the text then stays in the box. */
  send(text: string): Promise<boolean>
  typed(): void
  emoji(choose: (face: string) => void, toggled: (open: boolean) => void): Promise<EmojiPicker>
}

/** Where the visitor writes. */
export class Composer {
  readonly element: HTMLElement
  private readonly box: HTMLTextAreaElement
  private readonly button: HTMLButtonElement
  private readonly note: HTMLElement
  private readonly toggle: HTMLElement
  private faces: EmojiPicker | undefined
  private readonly composition = new Composition()
  private readonly say: Say
  private readonly actions: ComposerActions

  constructor(say: Say, actions: ComposerActions) {
    this.say = say
    this.actions = actions
    this.box = el('textarea', {
      rows: '1',
      placeholder: say('placeholder'),
      'aria-label': say('placeholder'),
      enterkeyhint: 'send',
      input: () => this.typed(),
      keydown: (event: KeyboardEvent) => this.key(event),
      compositionstart: () => this.composition.start(),
      compositionend: () => this.composition.end(performance.now()),
    })
    this.toggle = el(
      'button',
      { class: 'icon', type: 'button', 'aria-label': say('emoji'), 'aria-expanded': 'false', click: () => void this.emoji() },
      icon(FACE),
    )
    this.button = el('button', { class: 'send', type: 'submit', 'aria-label': say('send') }, icon(PLANE))
    this.note = el('p', { class: 'note', role: 'alert', hidden: true })
    this.element = el(
      'form',
      { class: 'composer', submit: (event: SubmitEvent) => this.submit(event) },
      this.note,
      el('div', { class: 'row' }, this.box, this.toggle, this.button),
    )
    this.fit()
  }

  focus(): void {
    this.box.focus({ preventScroll: true })
  }

  /** Puts a text back that could not be sent, before whatever has been written since. */
  putBack(text: string): void {
    this.box.value = text + (this.box.value && '\n' + this.box.value)
    this.fit()
    this.focus()
  }

  /** The box takes nothing: this page may not use the desk. */
  disable(disabled: boolean): void {
    this.box.disabled = disabled
    this.fit()
  }

  /** An input method has the keys, so that Escape and Enter are its own. */
  composing(event: KeyboardEvent): boolean {
    return this.composition.holds(event, performance.now())
  }

  private key(event: KeyboardEvent): void {
    if (!this.composition.sends(event, performance.now())) return
    event.preventDefault()
    void this.send()
  }

  private submit(event: Event): void {
    event.preventDefault()
    void this.send()
    this.focus()
  }

  private async send(): Promise<void> {
    const text = this.box.value.replace(/\r\n?/g, '\n').trim()
    const length = Array.from(text).length
    if (!text) return
    if (length > LONGEST) return this.complain(this.say('too_long', { n: length }))
    // Emptied at once, so that a second Enter cannot send it again while it is being stored.
    this.box.value = ''
    this.fit()
    if (await this.actions.send(text)) return
    this.putBack(text)
    this.complain(this.say('outbox_full'))
  }

  private typed(): void {
    this.fit()
    this.complain('')
    if (this.box.value) this.actions.typed()
  }

  /** The list comes with the first click. */
  private async emoji(): Promise<void> {
    this.faces ??= await this.actions.emoji(
      (face) => this.insert(face),
      (open) => {
        this.toggle.setAttribute('aria-expanded', String(open))
        if (!open) this.focus()
      },
    )
    this.faces.toggle()
  }

  private insert(face: string): void {
    this.box.setRangeText(face, this.box.selectionStart, this.box.selectionEnd, 'end')
    this.typed()
  }

  private complain(text: string): void {
    this.note.hidden = !text
    setText(this.note, text)
  }

  private fit(): void {
    this.button.disabled = this.box.disabled || !this.box.value.trim()
    this.box.style.height = 'auto'
    if (this.box.scrollHeight) this.box.style.height = Math.min(this.box.scrollHeight, TALLEST) + 'px'
  }
}
