/** The seam between the loader, which is on every page, and the panel, which is fetched when it is wanted. */

export type HostEvent = 'open' | 'close' | 'unread' | 'message'

export interface Host {
  /** Stands in the shadow root; the panel is put before it. */
  readonly launcher: HTMLButtonElement
  /** Where the desk is served, with a slash at the end. */
  readonly base: string
  readonly site: string
  /** Undefined where the browser lends none. */
  readonly storage: Storage | undefined
  /** Storage keys of this desk and site begin with it. */
  readonly prefix: string
  /** What is stored under a name, '' for nothing. */
  read(name: string): string
  /** Does nothing where there is no storage or no room. */
  write(name: string, value: string): void
  /** Fetches one of the files built beside the panel. */
  load<Module>(name: string): Promise<Module>
  style(css: string): void
  unread(count: number): void
  paint(brand: string, onBrand: string): void
  opened(open: boolean): void
  emit(event: HostEvent, detail?: unknown): void
}

export interface Panel {
  open(): void
  close(): void
  /** Begin behind the closed panel: a chat is in progress, or something is still to be sent. */
  wake(): void
}

export type Mount = (host: Host) => Panel

/** Names under `prefix`. */
export const TOKEN = 'token'
/** Whether this visitor has a chat: `open` or `closed`; absent where there never was one. */
export const CHAT = 'chat'
/** What the launcher last looked like: brand and text colour. */
export const PAINT = 'paint'
export const OUTBOX = 'o:'
