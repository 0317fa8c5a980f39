/** Web Locks between the tabs of one browser; they run on microtasks, so that fake timers hold them. */
export class FakeLocks {
  private readonly queues = new Map<string, Promise<unknown>>()

  request<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.queues.get(name) ?? Promise.resolve()).then(work)
    this.queues.set(name, turn.catch(() => undefined))
    return turn
  }
}

/** BroadcastChannel between the tabs of one browser. */
export class FakeChannel {
  static open = new Set<FakeChannel>()
  onmessage?: () => void
  readonly name: string

  constructor(name: string) {
    this.name = name
    FakeChannel.open.add(this)
  }
  postMessage(): void {
    for (const channel of FakeChannel.open) {
      if (channel !== this && channel.name === this.name) void Promise.resolve().then(() => channel.onmessage?.())
    }
  }
  close(): void {
    FakeChannel.open.delete(this)
  }
}
