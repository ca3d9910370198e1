/** Text that may stand in a page as it is. Made by `html` alone. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What can be put into a template. Nothing, null and false leave nothing behind. */
export type Part = Html | string | number | null | undefined | false | readonly Part[]

/**
 * A piece of a page. Whatever is put in is escaped, for text and for attributes in quotes, unless `html` made it itself.
 * Where a value is a whole URL, whoever puts it in has looked at its scheme.
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
