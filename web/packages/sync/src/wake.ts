const EVENTS = ['online', 'pageshow', 'focus', 'visibilitychange']

/**
 * Calls back when the device comes on line, or the page is looked at or used again. Answers a function that forgets it.
 */
export function onWake(call: () => void): () => void {
  const { document } = globalThis
  if (!document) return () => undefined // not in a browser
  const wake = () => {
    if (document.visibilityState === 'visible') call()
  }
  // `visibilitychange` bubbles from the document, so that the window hears all four.
  for (const event of EVENTS) addEventListener(event, wake)
  return () => EVENTS.forEach((event) => removeEventListener(event, wake))
}
