import type { Say } from '../words/words.ts'
import { el } from './dom.ts'
import { linkify } from './linkify.ts'
import type { Entry } from './thread-model.ts'

/** This near to the end counts as being there. */
const NEAR = 60
const READ_AFTER = 500

export interface ThreadActions {
  retry(id: string): void
  edit(id: string): void
  remove(id: string): void
  older(): void
  /** This message has been in view for half a second. */
  seen(conversation: string, seq: number): void
}

/** The messages: keeps its place while older ones are put before, and follows the end while one is there. */
export class Thread {
  readonly element: HTMLElement
  private readonly list: HTMLElement
  private readonly dots: HTMLElement
  private readonly newer: HTMLElement
  private readonly olderButton: HTMLElement
  private readonly drawn = new Map<string, { node: HTMLElement; said: string }>()
  private readonly watched = new Map<Element, { conversation: string; seq: number; timer?: ReturnType<typeof setTimeout> }>()
  private readonly observer: IntersectionObserver
  private readonly say: Say
  private readonly actions: ThreadActions
  private looking = false
  private lastMine = ''
  private lastTheirs = ''

  constructor(say: Say, actions: ThreadActions) {
    this.say = say
    this.actions = actions
    this.list = el('div', { class: 'list' })
    this.dots = el('div', { class: 'theirs dots', role: 'img', 'aria-label': say('typing'), 'aria-live': 'off', hidden: true })
    this.dots.append(el('i'), el('i'), el('i'))
    this.olderButton = el('button', { class: 'older', type: 'button', click: () => actions.older() }, say('older'))
    this.newer = el('button', { class: 'newer', type: 'button', hidden: true, click: () => this.toEnd() }, say('newer'))
    const log = { role: 'log', 'aria-live': 'polite', 'aria-label': say('log'), tabindex: '0' }
    const scroller = el('div', { class: 'scroll', ...log, scroll: () => this.scrolled() })
    scroller.append(this.olderButton, this.list, this.dots)
    this.element = el('div', { class: 'thread' }, scroller, this.newer)
    this.observer = new IntersectionObserver((seen) => seen.forEach((entry) => this.inView(entry)), {
      root: scroller,
      threshold: [0, 0.5, 1],
    })
  }

  render(entries: readonly Entry[], more: boolean, typing: boolean): void {
    const atEnd = this.atEnd()
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop
    const first = this.list.firstElementChild
    this.olderButton.hidden = !more
    this.reconcile(entries)
    this.dots.hidden = !typing
    const [mine, theirs] = [lastKey(entries, 'mine'), lastKey(entries, 'theirs')]
    if (atEnd || mine !== this.lastMine) this.toEnd()
    else if (theirs !== this.lastTheirs) this.newer.hidden = false
    else if (first && first !== this.list.firstElementChild) this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd
    this.lastMine = mine
    this.lastTheirs = theirs
  }

  /** The panel is open and the page is visible: what is in view is being read. */
  look(looking: boolean): void {
    if (looking === this.looking) return
    this.looking = looking
    for (const [node, watch] of this.watched) {
      clearTimeout(watch.timer)
      this.observer.unobserve(node) // observing anew tells at once what is in view
      if (looking) this.observer.observe(node)
    }
  }

  toEnd(): void {
    this.scroller.scrollTop = this.scroller.scrollHeight
    this.newer.hidden = true
  }

  private get scroller(): HTMLElement {
    return this.element.firstElementChild as HTMLElement
  }

  private atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller
    return scrollHeight - scrollTop - clientHeight < NEAR
  }

  private scrolled(): void {
    if (this.atEnd()) this.newer.hidden = true
    if (this.scroller.scrollTop < NEAR && !this.olderButton.hidden) this.actions.older()
  }

  private reconcile(entries: readonly Entry[]): void {
    const keys = new Set(entries.map(({ key }) => key))
    for (const [key, { node }] of this.drawn) {
      if (keys.has(key)) continue
      this.unwatch(node)
      node.remove()
      this.drawn.delete(key)
    }
    let before: Element | null = null
    for (const entry of entries) {
      const node = this.draw(entry)
      const place: Element | null = before ? before.nextElementSibling : this.list.firstElementChild
      if (node !== place) this.list.insertBefore(node, place)
      before = node
    }
  }

  private draw(entry: Entry): HTMLElement {
    const said = JSON.stringify(entry)
    const before = this.drawn.get(entry.key)
    if (before && before.said === said) return before.node
    const node = this.make(entry)
    if (before) {
      this.unwatch(before.node)
      before.node.replaceWith(node)
    }
    this.drawn.set(entry.key, { node, said })
    if (entry.kind === 'theirs' && entry.conversation) this.watch(node, entry.conversation, entry.seq)
    return node
  }

  private make(entry: Entry): HTMLElement {
    switch (entry.kind) {
      case 'mine':
        return el('div', { class: entry.failed ? 'mine failed' : 'mine' }, quiet(this.say('you')), words(entry.text))
      case 'theirs':
        return el('div', { class: 'theirs' }, words(entry.text))
      case 'mark':
        return this.mark(entry)
      default:
        return el('div', { class: entry.kind }, entry.text)
    }
  }

  private mark({ id, mark, text, canRetry }: Entry & { kind: 'mark' }): HTMLElement {
    const action = (word: 'retry' | 'edit' | 'remove') =>
      el('button', { type: 'button', click: () => this.actions[word](id) }, this.say(word))
    const node = el('div', { class: 'mark ' + mark, 'aria-live': mark === 'failed' ? 'polite' : 'off' }, el('span', {}, text))
    if (canRetry) node.append(action('retry'))
    if (mark === 'failed') node.append(action('edit'), action('remove'))
    return node
  }

  private watch(node: HTMLElement, conversation: string, seq: number): void {
    this.watched.set(node, { conversation, seq })
    if (this.looking) this.observer.observe(node)
  }

  private unwatch(node: HTMLElement): void {
    const watch = this.watched.get(node)
    if (watch) clearTimeout(watch.timer)
    this.watched.delete(node)
    this.observer.unobserve(node)
  }

  private inView({ target, intersectionRatio, intersectionRect, rootBounds }: IntersectionObserverEntry): void {
    const watch = this.watched.get(target)
    if (!watch) return
    clearTimeout(watch.timer)
    // A message taller than the panel is in view when it fills half of it.
    const inView = intersectionRatio >= 0.5 || (!!rootBounds && intersectionRect.height >= rootBounds.height / 2)
    if (inView && this.looking) {
      watch.timer = setTimeout(() => {
        this.actions.seen(watch.conversation, watch.seq)
        this.unwatch(target as HTMLElement)
      }, READ_AFTER)
    }
  }
}

function lastKey(entries: readonly Entry[], kind: 'mine' | 'theirs'): string {
  const last = entries.filter((entry) => entry.kind === kind).pop()
  return last ? last.key : ''
}

function words(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment()
  for (const { text: piece, href } of linkify(text)) {
    fragment.append(href ? el('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, piece) : piece)
  }
  return fragment
}

/** Said to those who hear the panel; the others see on which side the bubble stands. */
function quiet(text: string): HTMLElement {
  return el('span', { class: 'quiet' }, text + ' ')
}
