/** Accent colour of pages for people: contrast by WCAG 2.2, and the colour that is used instead where it is too low. */

/** A colour as `#rrggbb`, in lower case. */
export type Color = string

export const SCHEMES = ['light', 'dark'] as const
export type Scheme = (typeof SCHEMES)[number]

/** Colours of pages, as `tokens.css` has them; a test compares. Text in the accent colour is on `ground` and on `card`. */
export const PAGE_COLORS = {
  light: {
    ground: '#f3f5f4',
    card: '#ffffff',
    line: '#dfe5e3',
    edge: '#8a9693',
    ink: '#16211f',
    soft: '#53615e',
  },
  dark: {
    ground: '#0e1413',
    card: '#161e1c',
    line: '#27322f',
    edge: '#71807c',
    ink: '#e8eeec',
    soft: '#a3b1ad',
  },
} as const satisfies Record<Scheme, Record<string, Color>>

/** The accent where none is set; {@link accentOn} leaves these as they are. */
export const USUAL_ACCENT = { light: '#0d7a6f', dark: '#4fc3b3' } as const satisfies Record<Scheme, Color>

/** Links are text (WCAG 2.2, 1.4.3); the focus ring and borders need 3:1 only (1.4.11). */
export const MIN_CONTRAST = 4.5

export interface Accent {
  /** Of links, buttons, borders and the focus ring. */
  readonly used: Color
  /** Of text on the accent: black or white. */
  readonly text: Color
  /** A button under the pointer: further away from its text. */
  readonly deep: Color
  /** The given colour on the background of the page, where it is lowest. */
  readonly givenContrast: number
  /** The used colour there: at least {@link MIN_CONTRAST}. */
  readonly contrast: number
  readonly textContrast: number
}

/** The accent that pages use: the given colour, darkened on light pages and lightened on dark ones until it can be read. */
export function accentOn(scheme: Scheme, given: Color): Accent {
  const towards = scheme === 'light' ? BLACK : WHITE
  let used = given
  for (let share = 0; contrastOnPage(scheme, used) < MIN_CONTRAST && share <= STEPS; share++)
    used = mixed(given, towards, share / STEPS)
  const text = contrastOf(used, WHITE) >= contrastOf(used, BLACK) ? WHITE : BLACK
  return {
    used,
    text,
    deep: mixed(used, text === WHITE ? BLACK : WHITE, DEEPER),
    givenContrast: contrastOnPage(scheme, given),
    contrast: contrastOnPage(scheme, used),
    textContrast: contrastOf(used, text),
  }
}

/** Contrast ratio, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrastOf(one: Color, other: Color): number {
  const [a, b] = [luminanceOf(one), luminanceOf(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** Rounded down, so that a colour that fails never shows the ratio that it misses. */
export function roundedRatio(ratio: number): number {
  return Math.floor(ratio * 100) / 100
}

const BLACK = '#000000'
const WHITE = '#ffffff'
const STEPS = 255
const DEEPER = 0.15

function contrastOnPage(scheme: Scheme, color: Color): number {
  const { ground, card } = PAGE_COLORS[scheme]
  return Math.min(contrastOf(color, ground), contrastOf(color, card))
}

/** Relative luminance, from 0 to 1 (WCAG 2.2, "relative luminance"). */
function luminanceOf(color: Color): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(color).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function mixed(color: Color, other: Color, share: number): Color {
  const towards = channelsOf(other)
  const mix = channelsOf(color).map((channel, at) => channel + ((towards[at] ?? 0) - channel) * share)
  return `#${mix.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`
}

function channelsOf(color: Color): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
}
