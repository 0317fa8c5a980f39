import type { Directive } from 'vue'

/**
 * `v-tip="text"`: a short hint on hover and on keyboard focus. One element serves the whole page, so a list of a
 * hundred rows with tips costs nothing until one is shown.
 */
const delay = 450
let bubble: HTMLElement | null = null
let timer: ReturnType<typeof setTimeout> | undefined
const texts = new WeakMap<HTMLElement, string>()

export function placeBubble(anchor: DOMRect, size: { width: number; height: number }, view: { width: number; height: number }) {
  const gap = 6
  const left = Math.min(Math.max(gap, anchor.left + anchor.width / 2 - size.width / 2), view.width - size.width - gap)
  const below = anchor.bottom + gap
  const top = below + size.height <= view.height ? below : anchor.top - gap - size.height
  return { left, top }
}

function show(anchor: HTMLElement) {
  const text = texts.get(anchor)
  if (!text || !anchor.isConnected) return
  hide()
  bubble = document.createElement('div')
  bubble.className = 'yk-tip'
  bubble.setAttribute('aria-hidden', 'true') // the anchor carries the same words in its label
  bubble.textContent = text
  // A modal dialog lies in the top layer: a tip beside it would stay beneath.
  ;(anchor.closest('dialog') ?? document.body).append(bubble)
  const { left, top } = placeBubble(anchor.getBoundingClientRect(), bubble.getBoundingClientRect(), {
    width: innerWidth,
    height: innerHeight,
  })
  bubble.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`
}

function hide() {
  clearTimeout(timer)
  bubble?.remove()
  bubble = null
}

function later(event: Event) {
  const anchor = event.currentTarget as HTMLElement
  if (event.type === 'pointerenter' && (event as PointerEvent).pointerType === 'touch') return
  if (event.type === 'focus' && !anchor.matches(':focus-visible')) return
  clearTimeout(timer)
  timer = setTimeout(() => show(anchor), delay)
}

export const vTip: Directive<HTMLElement, string | null | undefined> = {
  mounted(el, { value }) {
    texts.set(el, value ?? '')
    el.addEventListener('pointerenter', later)
    el.addEventListener('focus', later)
    for (const end of ['pointerleave', 'blur', 'pointerdown', 'keydown']) el.addEventListener(end, hide)
  },
  updated(el, { value }) {
    texts.set(el, value ?? '')
  },
  beforeUnmount: hide,
}
