import { countWords } from '../words/time-words.ts'

/** "812", or "10,000+" where the API counted no further. */
export function boundedWords({
  count,
  at_least,
}: {
  readonly count: number
  readonly at_least: boolean
}): string {
  return countWords(count) + (at_least ? '+' : '')
}
