import type { Say } from '../words/words.ts'
import { el, icon, setText } from './dom.ts'
import { END, MINIMISE } from './icons.ts'
import type { Conversation, Site } from './rows.ts'

export interface HeaderActions {
  minimise(): void
  end(): void
}

/** Who answers, and how things stand. */
export class Header {
  readonly element: HTMLElement
  private readonly avatar = el('span', { class: 'avatar', 'aria-hidden': 'true' })
  private readonly name = el('b', { id: 'yk-name' })
  private readonly status = el('small', { role: 'status' })
  private readonly notice = el('p', { class: 'notice', hidden: true })
  private readonly question: HTMLElement
  private readonly endButton: HTMLButtonElement
  private readonly say: Say

  constructor(say: Say, actions: HeaderActions) {
    this.say = say
    const button = (word: 'minimise' | 'end', path: string, click: () => void) =>
      el('button', { class: 'icon', type: 'button', 'aria-label': say(word), title: say(word), click }, icon(path))
    this.endButton = button('end', END, () => this.ask(true))
    const yes = () => {
      this.question.hidden = true
      actions.end()
    }
    this.question = el(
      'div',
      { class: 'question', role: 'group', 'aria-label': say('end_question'), hidden: true },
      el('span', {}, say('end_question')),
      el('button', { type: 'button', click: yes }, say('end_yes')),
      el('button', { type: 'button', class: 'plain', click: () => this.ask(false) }, say('end_no')),
    )
    this.element = el(
      'header',
      {},
      el(
        'div',
        { class: 'head' },
        this.avatar,
        el('span', { class: 'who' }, this.name, this.status),
        button('minimise', MINIMISE, actions.minimise),
        this.endButton,
      ),
      this.question,
      this.notice,
    )
  }

  render(site: Site | undefined, conversation: Conversation): void {
    const open = conversation.state === 'queued' || conversation.state === 'active'
    const agent = conversation.state === 'active' ? conversation.agent : null
    const name = agent ? agent.name : (site && (site.title || site.name)) || this.say('title')
    setText(this.name, name)
    setText(this.avatar, Array.from(name)[0]!)
    setText(this.status, this.statusText(site, conversation))
    this.avatar.classList.toggle('on', !!agent || (!!site && site.open))
    const notice = site ? site.notice : ''
    setText(this.notice, notice)
    this.notice.hidden = !notice
    this.endButton.hidden = !open
    if (!open) this.question.hidden = true
  }

  private statusText(site: Site | undefined, conversation: Conversation): string {
    switch (conversation.state) {
      case 'active':
        return this.say('status_active')
      case 'queued':
        return conversation.ahead ? this.say('status_queued', { n: conversation.ahead }) : this.say('status_next')
      case 'closed':
        return this.say('status_closed')
      default:
        return site ? this.say(site.open ? 'status_open' : 'status_shut') : ''
    }
  }

  private ask(ask: boolean): void {
    this.question.hidden = !ask
    const next = ask ? this.question.querySelector('button')! : this.endButton
    next.focus()
  }
}
