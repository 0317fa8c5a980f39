const PHONE = '(max-width: 480px)'

/**
 * On a phone the panel is a sheet over the whole screen. It follows the part that the keyboard leaves, and the page
 * behind does not scroll meanwhile.
 */
export function fitViewport(panel: HTMLElement): { opened(open: boolean): void } {
  const phone = matchMedia(PHONE)
  const page = document.documentElement
  const view = window.visualViewport
  let isOpen = false
  let overflow: string | undefined

  function fit(): void {
    const sheet = isOpen && phone.matches
    if (sheet && view) {
      panel.style.setProperty('--height', view.height + 'px')
      panel.style.setProperty('--top', view.offsetTop + 'px')
    }
    if (sheet && overflow === undefined) {
      overflow = page.style.overflow
      page.style.overflow = 'hidden'
    } else if (!sheet && overflow !== undefined) {
      page.style.overflow = overflow
      overflow = undefined
    }
  }

  if (view) view.onresize = view.onscroll = fit
  addEventListener('resize', fit)
  return {
    opened(open) {
      isOpen = open
      fit()
    },
  }
}
