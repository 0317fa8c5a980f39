/** Calls back when the device comes on line or the page is looked at again. Answers a function that forgets it. */
export function onWake(call: () => void): () => void {
  const visible = () => {
    if (document.visibilityState === 'visible') call()
  }
  return listen([
    ['online', globalThis.window, call],
    ['pageshow', globalThis.window, call],
    ['visibilitychange', globalThis.document, visible],
  ])
}

/** Calls back at the first sign that somebody uses this page. */
export function onUse(call: () => void): () => void {
  const { window, document } = globalThis
  const visible = () => {
    if (document.visibilityState === 'visible') once()
  }
  const once = () => {
    forget()
    call()
  }
  const forget = listen([
    ['focus', window, once],
    ['pointerdown', window, once],
    ['keydown', window, once],
    ['visibilitychange', document, visible],
  ])
  return forget
}

type Wish = [event: string, target: EventTarget | undefined, call: () => void]

function listen(wishes: Wish[]): () => void {
  for (const [event, target, call] of wishes) target?.addEventListener(event, call)
  return () => {
    for (const [event, target, call] of wishes) target?.removeEventListener(event, call)
  }
}
