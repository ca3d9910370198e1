import type { MailBrand, MailContent, MailPart } from './mail-content.ts'
import { plainLine } from './plain-line.ts'

/** Widest line: quoted once more it still fits a terminal of 80 columns. Only URLs are longer. */
const COLUMNS = 72

/** The mail as plain text. */
export function renderText({ parts, because }: MailContent, brand: MailBrand): string {
  const links = brand.links.map(({ words, url }) => `${plainLine(words)}: ${plainLine(url)}`)
  const foot = ['-- ', ...wrapped(plainLine(brand.name)), ...wrapped(plainLine(because)), ...links]
  return `${[...parts.map((part) => textOf(part, brand)), foot.join('\n')].join('\n\n')}\n`
}

function textOf(part: MailPart, { publicUrl }: MailBrand): string {
  switch (part.kind) {
    case 'text':
      return wrapped(plainLine(part.text)).join('\n')
    case 'link':
      return `${wrapped(`${plainLine(part.words)}:`).join('\n')}\n${publicUrl}${plainLine(part.path)}`
    case 'item':
      return [
        ...wrapped(plainLine(part.title), part.isUrgent ? '! ' : '* ', '  '),
        ...part.facts.flatMap((fact) => wrapped(plainLine(fact), '  ', '  ')),
      ].join('\n')
  }
}

/** Breaks a line between words; a word that is longer than a line stays whole, because it may be a URL. */
function wrapped(text: string, first = '', further = first === '' ? '' : first): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > COLUMNS) {
      lines.push(line)
      line = further
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

/** Characters of East Asia take two columns. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
