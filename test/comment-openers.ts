const DOC_COMMENT = /\/\*\*\s*(?:\*\s*)?([A-Za-z`]+)/g
/** A doc comment opens with a verb or the noun. These words bury it. */
const OPENERS: ReadonlySet<string> = new Set(['What', 'Who', 'Whoever', 'Whose', 'Whether'])

/** The doc comments of a file that open with one of these words, with their lines. */
export function buriedOpeners(file: string, source: string): readonly string[] {
  return [...source.matchAll(DOC_COMMENT)]
    .filter(([, word = '']) => OPENERS.has(word))
    .map(({ 0: text, index }) => `${file}:${source.slice(0, index).split('\n').length} ${text}`)
}
