/** Tells the other tabs of this browser that something they share has changed. */
export interface Bell {
  ring(): void
  close(): void
}

/** Where there is no BroadcastChannel, tabs find out when they next look for themselves. */
export function bell(name: string, heard: () => void): Bell {
  try {
    const channel = new BroadcastChannel(name)
    channel.onmessage = heard
    return { ring: () => channel.postMessage(0), close: () => channel.close() }
  } catch {
    return { ring: () => undefined, close: () => undefined }
  }
}
