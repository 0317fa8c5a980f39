export const BUBBLE = 'M20 11.5a7.5 7.5 0 0 1-11 6.6L4 19.5l1.5-4.4A7.5 7.5 0 1 1 20 11.5z'
export const CHEVRON = 'M6 9l6 6 6-6'

export const css = `:host{all:initial}
.launch{position:fixed;z-index:2147483000;right:max(20px,env(safe-area-inset-right));bottom:max(20px,env(safe-area-inset-bottom));width:52px;height:52px;padding:0;border:0;border-radius:26px;background:#0f6b5c;color:#fff;display:grid;place-items:center;cursor:pointer;box-shadow:0 6px 18px #0000002b}
.launch:hover{filter:brightness(1.08)}
.launch:focus-visible{outline:2px solid #fff;box-shadow:0 0 0 4px #2b2a27}
.launch svg{width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.launch span{position:absolute;top:-4px;right:-4px;min-width:20px;padding:0 5px;box-sizing:border-box;border-radius:10px;background:#c62828;color:#fff;font:600 12px/20px system-ui,sans-serif;font-variant-numeric:tabular-nums}
.launch [hidden]{display:none}
@media(max-width:480px){.launch[aria-expanded=true]{display:none}}
@media print{.launch{display:none}}`

interface Launcher {
  root: ShadowRoot
  region: HTMLElement
  launcher: HTMLButtonElement
  lines: Element
  badge: HTMLElement
}

/** The round button in the corner. Its shadow root keeps the page's styles out and ours in. */
export function draw(): Launcher {
  const root = document.createElement('yingke-widget').attachShadow({ mode: 'open' })
  const region = document.createElement('div')
  const launcher = document.createElement('button')
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const lines = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  const badge = document.createElement('span')
  region.setAttribute('role', 'complementary')
  launcher.className = 'launch'
  launcher.type = 'button'
  launcher.setAttribute('aria-expanded', 'false')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.append(lines)
  launcher.append(svg, badge)
  region.append(launcher)
  root.append(region)
  return { root, region, launcher, lines, badge }
}
