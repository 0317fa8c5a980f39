import type { usePrefs } from './prefs.ts'

type PrefsStore = ReturnType<typeof usePrefs>

/** Asks for the browser's leave when switched on: browsers want a click for that. */
export async function listenForDesktop(prefs: PrefsStore) {
  if (prefs.desktop) prefs.desktop = false
  else if ('Notification' in globalThis) prefs.desktop = (await Notification.requestPermission()) === 'granted'
}

let audio: AudioContext | undefined

/** Two short tones. Browsers refuse sound until the page was used once; then it stays silent. */
function ring() {
  try {
    audio ??= new AudioContext()
    if (audio.state === 'suspended') void audio.resume()
    const start = audio.currentTime
    const tones: [hertz: number, after: number][] = [
      [660, 0],
      [880, 0.12],
    ]
    for (const [hertz, after] of tones) {
      const tone = audio.createOscillator()
      const volume = audio.createGain()
      tone.frequency.value = hertz
      volume.gain.setValueAtTime(0, start + after)
      volume.gain.linearRampToValueAtTime(0.12, start + after + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.001, start + after + 0.2)
      tone.connect(volume).connect(audio.destination)
      tone.start(start + after)
      tone.stop(start + after + 0.22)
    }
  } catch {
    // no sound device
  }
}

/** A customer wrote, and nobody is looking at it. */
export function notify(prefs: PrefsStore, title: string, body: string, tag: string, open: () => void) {
  if (prefs.sound) ring()
  if (!prefs.desktop || document.visibilityState === 'visible' || Notification.permission !== 'granted') return
  const notice = new Notification(title, { body, tag })
  notice.onclick = () => {
    focus()
    notice.close()
    open()
  }
}

export function titled(unread: number, name: string): string {
  return unread ? `(${unread > 99 ? '99+' : unread}) ${name}` : name
}
