export interface Piece {
  readonly text: string
  readonly href?: string
}

/** ASCII only: in running Chinese text the address ends where the words begin again. */
const ADDRESS = /https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]+/gi
const TRAILING = ".,:;!?'([]"

/** Cuts text into words and addresses. Nothing but http and https ever becomes a link. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = []
  let done = 0
  ADDRESS.lastIndex = 0
  for (let match; (match = ADDRESS.exec(text)); ) {
    const address = trim(match[0])
    const href = safe(address)
    if (!href) continue
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) })
    pieces.push({ text: address, href })
    done = match.index + address.length
  }
  if (done < text.length) pieces.push({ text: text.slice(done) })
  return pieces
}

/** Punctuation after an address belongs to the sentence, and so does a bracket that the address did not open. */
function trim(address: string): string {
  let unopened = address.split(')').length - address.split('(').length
  let end = address.length
  for (; end > 0; end--) {
    const last = address[end - 1]!
    if (last === '(') unopened++
    else if (last === ')' && unopened-- > 0) continue
    if (!TRAILING.includes(last)) break
  }
  return address.slice(0, end)
}

/** An address with a name before an @ shows one host and opens another: it stays text. */
function safe(address: string): string | undefined {
  try {
    const url = new URL(address)
    const web = url.protocol === 'https:' || url.protocol === 'http:'
    return web && !url.username && !url.password ? url.href : undefined
  } catch {
    return undefined
  }
}
