/** What one brand colour becomes: every pair of text and ground reaches the contrast that people can read. */
export interface Palette {
  /** Ground of own bubbles, the send button and the launcher, and the text on it. */
  brand: string
  onBrand: string
  /** The brand as text on the light panel, and its pale ground. */
  accent: string
  tint: string
  /** The same on the dark panel. */
  accentDark: string
  tintDark: string
}

type Rgb = readonly [number, number, number]

const READABLE = 4.5
/** Below this, darkening the brand for white text would make another colour of it. */
const NEAR = 3
const WHITE: Rgb = [255, 255, 255]
const BLACK: Rgb = [0, 0, 0]
const INK: Rgb = [27, 26, 23]
/** The lightest ground that coloured text stands on in the dark: the agent's bubbles. */
const DARK_BUBBLE: Rgb = [38, 37, 33]
const FALLBACK: Rgb = [15, 107, 92]

export function palette(color: string): Palette {
  const base = parse(color) || FALLBACK
  const light = contrast(base, WHITE) >= NEAR
  const brand = light ? until(base, BLACK, WHITE) : base
  const tint = mix(base, WHITE, 0.9)
  const tintDark = mix(base, DARK_BUBBLE, 0.75)
  return {
    brand: hex(brand),
    onBrand: hex(light ? WHITE : INK),
    accent: hex(until(base, BLACK, tint)),
    tint: hex(tint),
    accentDark: hex(until(base, WHITE, tintDark, DARK_BUBBLE)),
    tintDark: hex(tintDark),
  }
}

/** Contrast by WCAG 2, from 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (bright + 0.05) / (dark + 0.05)
}

export function parse(color: string): Rgb | undefined {
  if (!/^#([0-9a-f]{3}){1,2}$/i.test(color)) return undefined
  const digits = color.slice(1)
  const full = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  const value = parseInt(full, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** Move a colour towards another in small steps until it is readable on (or under) all of `against`. */
function until(color: Rgb, towards: Rgb, ...against: Rgb[]): Rgb {
  let moved = color
  for (let share = 0; share < 1 && against.some((other) => contrast(moved, other) < READABLE); share += 0.02) {
    moved = mix(color, towards, share)
  }
  return moved
}

function mix(color: Rgb, other: Rgb, share: number): Rgb {
  return color.map((value, i) => Math.round(value + (other[i]! - value) * share)) as unknown as Rgb
}

function luminance(color: Rgb): number {
  const [r, g, b] = color.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function hex(color: Rgb): string {
  return '#' + color.map((value) => value.toString(16).padStart(2, '0')).join('')
}
