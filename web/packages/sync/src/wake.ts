/**
 * Calls back when the device comes on line, or the page is looked at or used again. Answers a function that forgets it.
 */
export function onWake(call: () => void): () => void {
  const { window, document } = globalThis
  const visible = () => {
    if (document.visibilityState === 'visible') call()
  }
  for (const event of EVENTS) window?.addEventListener(event, call)
  document?.addEventListener('visibilitychange', visible)
  return () => {
    for (const event of EVENTS) window?.removeEventListener(event, call)
    document?.removeEventListener('visibilitychange', visible)
  }
}

const EVENTS = ['online', 'pageshow', 'focus']
