let last = 0
let counter = 0

/** A UUIDv7. Within one page each is greater than the one before, even when the clock steps back. */
export function uuid7(now = Date.now()): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(8)))
  if (now > last) {
    last = now
    counter = random[0]! // a small start leaves room to count on within the same millisecond
  } else if (++counter > 0xfff) {
    last++
    counter = 0
  }
  random[0] = 0x80 | (random[0]! & 0x3f)
  const hex = last.toString(16).padStart(12, '0') + '7' + counter.toString(16).padStart(3, '0')
  const tail = random.map((value) => value.toString(16).padStart(2, '0')).join('')
  return (hex + tail).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Begin after this id: one kept from before a reload must still come first. */
export function continueAfter(id: string): void {
  const time = parseInt(id.replace('-', '').slice(0, 12), 16)
  if (time > last) {
    last = time
    counter = 0xfff
  }
}
