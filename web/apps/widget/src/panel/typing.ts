const SAY_AGAIN = 3_000
const STOP_AFTER = 2_000
const EXPIRES = 5_000

/** What this visitor's keys say to the agent: begun, going on every 3 s, and over 2 s after the last key. */
export class TypingOut {
  private saidAt = -Infinity
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly say: (on: boolean) => void

  constructor(say: (on: boolean) => void) {
    this.say = say
  }

  get active(): boolean {
    return this.timer !== undefined
  }

  key(now: number): void {
    if (now - this.saidAt >= SAY_AGAIN) {
      this.saidAt = now
      this.say(true)
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.stop(), STOP_AFTER)
  }

  stop(): void {
    if (!this.timer) return
    clearTimeout(this.timer)
    this.timer = undefined
    this.saidAt = -Infinity
    this.say(false)
  }
}

/** The agent's typing as shown here; it expires when nothing more is heard. */
export class TypingIn {
  on = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly changed: () => void

  constructor(changed: () => void) {
    this.changed = changed
  }

  heard(on: boolean): void {
    clearTimeout(this.timer)
    if (on) this.timer = setTimeout(() => this.heard(false), EXPIRES)
    if (on === this.on) return
    this.on = on
    this.changed()
  }
}
