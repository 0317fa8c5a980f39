import type { Host, Mount } from '../host.ts'
import { PAINT } from '../host.ts'
import type * as emoji from '../extras/emoji.ts'
import { sayIn } from '../words/words.ts'
import { palette } from './color.ts'
import { Composer } from './composer.ts'
import { Desk } from './desk.ts'
import { el, setText } from './dom.ts'
import { Header } from './header.ts'
import css from './panel.css?inline'
import { Thread } from './thread.ts'
import { threadEntries } from './thread-model.ts'
import { fitViewport } from './viewport.ts'

export const mount: Mount = (host) => {
  const locale = __LOCALE__
  const say = sayIn(__WORDS__)
  let open = false
  let drawing = 0
  let painted = ''
  let heardUpTo: string | undefined

  const desk = new Desk(host, locale, () => {
    drawing ||= requestAnimationFrame(draw)
    // Frames do not run in a hidden page, and the badge must.
    if (document.hidden) draw()
  })
  const header = new Header(say, {
    minimise: close,
    end() {
      desk.end()
      composer.focus()
    },
  })
  const thread = new Thread(say, {
    retry: (id) => desk.retry(id),
    remove: (id) => desk.remove(id),
    edit(id) {
      for (const item of desk.items) if (item.id === id) composer.putBack(item.args.text as string)
      desk.remove(id)
    },
    older: () => void desk.older(),
    seen: (conversation, seq) => desk.marks.read(conversation, seq),
  })
  const composer: Composer = new Composer(say, {
    send: (text) => desk.send(text),
    typed: () => desk.typingOut.key(Date.now()),
    async emoji(choose, toggled) {
      const { EmojiPicker } = await host.load<typeof emoji>('emoji')
      return new EmojiPicker(host, say, composer.element, choose, toggled)
    },
  })
  const banner = el('p', { class: 'banner', role: 'status', hidden: true })
  const panel = el(
    'section',
    { class: 'panel', id: 'yk-panel', role: 'dialog', 'aria-labelledby': 'yk-name', lang: locale, hidden: true, keydown: key },
    header.element,
    banner,
    thread.element,
    composer.element,
  )
  const viewport = fitViewport(panel)
  host.style(css)
  paint(host, panel, '')
  host.launcher.before(panel)
  document.addEventListener('visibilitychange', look)

  function draw(): void {
    cancelAnimationFrame(drawing)
    drawing = 0
    const { site, conversation, messages } = desk
    if (site && site.color !== painted) {
      painted = site.color
      paint(host, panel, site.color)
    }
    header.render(site, conversation)
    const word = desk.down && (desk.down === 'crowded' || desk.down === 'forbidden' ? desk.down : 'offline')
    banner.hidden = !word
    if (word) setText(banner, say(word))
    banner.classList.toggle('soon', word === 'offline')
    composer.disable(desk.down === 'forbidden')
    const greeting = site ? site.greeting : ''
    const { items, more } = desk
    const entries = threadEntries({ messages, conversation, items, greeting, more, now: Date.now(), locale, say })
    thread.render(entries, more, desk.typingIn.on && !desk.typingOut.active)
    host.unread(open ? 0 : (conversation.unread))
    announce()
  }

  /** Tells the page of each message that was not there before. */
  function announce(): void {
    const last = desk.messages.pop()
    const upTo = last ? last.no + '/' + last.seq : ''
    if (last && last.from === 'staff' && upTo !== heardUpTo) {
      if (heardUpTo !== undefined) host.emit('message', { text: last.text })
      desk.typingIn.heard(false)
    }
    if (desk.loaded) heardUpTo = upTo
  }

  function look(): void {
    thread.look(open && !document.hidden)
  }

  function key(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !composer.composing(event)) close()
  }

  function show(): void {
    if (open) return
    open = true
    panel.hidden = false
    viewport.opened(true)
    host.opened(true)
    draw()
    thread.toEnd()
    look()
    composer.focus()
    begin()
  }

  function close(): void {
    if (!open) return
    open = false
    panel.hidden = true
    viewport.opened(false)
    look()
    desk.rest()
    host.opened(false)
    host.launcher.focus()
    draw()
  }

  function begin(): void {
    desk.begin().catch(() => undefined) // the banner says why
  }

  return { open: show, close, wake: begin }
}

function paint(host: Host, panel: HTMLElement, color: string): void {
  const colors = palette(color)
  for (const [name, value] of Object.entries(colors)) panel.style.setProperty('--' + name, value as string)
  if (!color) return
  host.paint(colors.brand, colors.onBrand)
  host.write(PAINT, colors.brand + ' ' + colors.onBrand)
}
