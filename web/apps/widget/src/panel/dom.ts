type Child = Node | string | undefined
type Props = Record<string, string | boolean | undefined | ((event: never) => void)>

/** An element with attributes (or, for functions, listeners) and children. Text is only ever text. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value as EventListener)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  for (const child of children) if (child !== undefined) element.append(child)
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

/** A line drawing on a grid of 24. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const line = document.createElementNS(SVG, 'path')
  line.setAttribute('d', path)
  svg.append(line)
  return svg
}

/** Sets text and leaves the node alone when it says so already: screen readers would read it out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
