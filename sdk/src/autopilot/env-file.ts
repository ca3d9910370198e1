/** The value of one variable in a file of environment variables, with what is before and after it. */
export interface EnvValue {
  readonly before: string
  readonly value: string
  readonly after: string
}

export type EnvFault = 'missing' | 'twice' | 'not_plain'

/**
 * Finds a variable in the text of an environment file, as Docker, systemd, shells and `node --env-file` read it:
 * `NAME=value`, with or without `export`, quotes and a comment behind. The value is letters, digits, `-` and `_`, as
 * secrets are; with others it is not plain. Two lines are refused, because readers differ in which one counts.
 */
export function findInEnv(text: string, name: string): EnvValue | EnvFault {
  const opening = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*`, 'gm')
  const [first, second] = text.matchAll(opening)
  if (first === undefined) return 'missing'
  if (second !== undefined) return 'twice'
  const start = first.index + first[0].length
  const found = /^(["']?)([\w-]*)\1(?=[ \t]*(?:#[^\r\n]*)?\r?(?:\n|$))/.exec(text.slice(start))
  if (found === null) return 'not_plain'
  const [, quote = '', value = ''] = found
  const from = start + quote.length
  return { before: text.slice(0, from), value, after: text.slice(from + value.length) }
}

/** True for a name that shells accept. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name)
}
