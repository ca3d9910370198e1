const DOC_COMMENT = /\/\*\*\s*(?:\*\s*)?([A-Za-z`]+)/g
/** A doc comment opens with a verb or the noun. These words bury it. */
const OPENERS: ReadonlySet<string> = new Set(['What', 'Who', 'Whoever', 'Whether'])

/** The doc comments of a file that open with one of these words, and how many there are in all. */
export function commentOpeners(file: string, source: string): { buried: string[]; all: number } {
  const comments = [...source.matchAll(DOC_COMMENT)]
  const buried = comments
    .filter(([, word = '']) => OPENERS.has(word))
    .map(({ 0: text, index }) => `${file}:${source.slice(0, index).split('\n').length} ${text}`)
  return { buried, all: comments.length }
}
