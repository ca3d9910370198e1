/** Escaped text of a page. Only `html` makes it. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Values of a template. Undefined, null and false render as nothing. */
export type Part = Html | string | number | null | undefined | false | readonly Part[]

/**
 * Template tag for pages. Escapes every value for text and for quoted attributes (XSS), except what `html` made itself.
 * The caller checks the scheme of a value that is a whole URL.
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(texts.map((text, n) => (n === 0 ? text : rendered(parts[n - 1]) + text)).join(''))
}

function rendered(part: Part): string {
  if (part === null || part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(rendered).join('')
  return String(part).replace(/[&<>"'`]/g, (character) => ESCAPED[character] ?? '')
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}
