import { chooseLocale } from '../words/words.ts'
import { CHAT, OUTBOX, PAINT, TOKEN, type Host, type HostEvent, type Mount, type Panel } from '../host.ts'
import { BUBBLE, CHEVRON, css, draw } from './launcher.ts'

type Listener = (detail: unknown) => void
type Api = {
  open(): void
  close(): void
  /** Events: open, close, unread (a number), message ({text}). */
  on(event: HostEvent, listener: Listener): void
}
/** `(window.Yingke = window.Yingke || []).push(['open'])` works before and after this script has come. */
type Call = [name: keyof Api, ...args: unknown[]]
declare const window: Window & { Yingke?: Call[] | (Api & { push(call: Call): void }) }

function start(script: HTMLScriptElement): void {
  const base = new URL('.', script.src).href
  const site = script.dataset.site ?? ''
  const prefix = `yingke:${base}:${site}:`
  const locale = chooseLocale(script.dataset.lang, navigator.language, document.documentElement.lang)
  const chinese = locale === 'zh-CN'
  const storage = lendStorage()
  const listeners: [HostEvent, Listener][] = []
  let panel: Promise<Panel> | undefined
  let isOpen = false
  let count = 0

  const { root, region, launcher, lines, badge } = draw()
  const host: Host = {
    launcher,
    base,
    site,
    storage,
    prefix,
    read,
    write,
    load,
    style,
    paint(brand, onBrand) {
      launcher.style.background = brand
      launcher.style.color = onBrand
    },
    unread(unread) {
      if (unread !== count) emit('unread', unread)
      count = unread
      label()
    },
    opened(open) {
      isOpen = open
      launcher.setAttribute('aria-expanded', String(open))
      label()
      emit(open ? 'open' : 'close')
    },
    emit,
  }

  function read(name: string): string {
    return storage?.getItem(prefix + name) || ''
  }
  function write(name: string, value: string): void {
    try {
      storage?.setItem(prefix + name, value)
    } catch {
      // full: the next page will know less
    }
  }

  function style(text: string): void {
    try {
      // Unlike a <style> element, this asks nothing of the page's content security policy.
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(text)
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
    } catch {
      root.appendChild(document.createElement('style')).textContent = text
    }
  }

  function emit(event: HostEvent, detail?: unknown): void {
    for (const [name, listener] of listeners) if (name === event) listener(detail)
  }

  function label(): void {
    const name = chinese ? '联系客服' : 'Chat with us'
    const unread = chinese ? `,${count} 条未读` : `, ${count} unread`
    const close = chinese ? '收起对话' : 'Minimise the chat'
    launcher.setAttribute('aria-label', isOpen ? close : count ? name + unread : name)
    lines.setAttribute('d', isOpen ? CHEVRON : BUBBLE)
    badge.hidden = !count || isOpen
    badge.textContent = count > 99 ? '99+' : String(count)
  }

  function load<Module>(name: string): Promise<Module> {
    return import(/* @vite-ignore */ `${base}widget/${name}.js?v=${__VERSION__}`) as Promise<Module>
  }
  function getPanel(): Promise<Panel> {
    if (!panel) {
      panel = load<{ mount: Mount }>('panel.' + locale).then(({ mount }) => mount(host))
      panel.catch(() => (panel = undefined)) // the next click tries again
    }
    return panel
  }
  function use(act: (panel: Panel) => void): void {
    getPanel().then(act, () => undefined)
  }

  /** A chat in progress must hear its answers, and what a killed page did not send must go: both need the panel. */
  function resume(): void {
    if (!storage) return
    const chat = read(CHAT)
    const unsent = Object.keys(storage).some((key) => key.startsWith(prefix + OUTBOX))
    if (unsent || chat === 'open') use((panel) => panel.wake())
    else if (chat) ask()
  }

  /** One request: has anything come since the chat ended? */
  function ask(): void {
    const body = JSON.stringify({ token: read(TOKEN), topics: { chat: null }, wait: 0 })
    fetch(base + 'w/v1/poll', { method: 'POST', body, credentials: 'omit' })
      .then((response) => response.json())
      .then(({ frames }: { frames: { rows?: [string, string, number, { unread?: number }][] }[] }) => {
        for (const { rows = [] } of frames) for (const row of rows) if (row[3].unread) host.unread(row[3].unread)
      })
      .catch(() => undefined)
  }

  const api: Api = {
    open: () => use((panel) => panel.open()),
    close: () => panel && use((panel) => panel.close()),
    on: (event, listener) => void listeners.push([event, listener]),
  }
  launcher.onpointerenter = launcher.onfocus = () => use(() => undefined)
  launcher.onclick = () => (isOpen ? api.close() : api.open())

  style(css)
  const [brand, onBrand] = read(PAINT).split(' ')
  if (brand && onBrand) host.paint(brand, onBrand)
  region.setAttribute('aria-label', chinese ? '在线客服' : 'Live chat')
  label()
  document.body.appendChild(root.host)

  const push = ([name, ...args]: Call) => (api[name] as (...args: unknown[]) => void)(...args)
  const early = Array.isArray(window.Yingke) ? window.Yingke : []
  window.Yingke = Object.assign(api, { push })
  early.forEach(push)
  if ('requestIdleCallback' in window) requestIdleCallback(resume)
  else setTimeout(resume, 200)
}

/** The getter itself throws where storage is blocked, and in some private windows only writing does. */
function lendStorage(): Storage | undefined {
  try {
    const storage = localStorage
    storage.setItem('yingke', '')
    storage.removeItem('yingke')
    return storage
  } catch {
    return undefined
  }
}

const script = document.currentScript as HTMLScriptElement | null
if (script && !document.querySelector('yingke-widget')) {
  if (document.body) start(script)
  else addEventListener('DOMContentLoaded', () => start(script))
}
