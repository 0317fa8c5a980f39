/** As much of a KeyboardEvent as decides what a key does. */
export interface Key {
  readonly key: string
  readonly keyCode: number
  readonly isComposing: boolean
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
}

/** Safari ends the composition first and then sends the Enter that confirmed it; no person is that quick. */
const AFTER_COMPOSITION = 50
/** What every key reports while an input method holds it. */
const PROCESSING = 229

/** Knows whether an input method is at work, so that Enter sends only when it means to. */
export class Composition {
  private active = false
  private endedAt = -Infinity

  start(): void {
    this.active = true
  }

  end(now: number): void {
    this.active = false
    this.endedAt = now
  }

  holds(key: Key, now: number): boolean {
    return this.active || key.isComposing || key.keyCode === PROCESSING || now - this.endedAt < AFTER_COMPOSITION
  }

  sends(key: Key, now: number): boolean {
    const plain = !key.shiftKey && !key.altKey && !key.ctrlKey && !key.metaKey
    return key.key === 'Enter' && plain && !this.holds(key, now)
  }
}
