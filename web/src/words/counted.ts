import { countWords } from './time-words.ts'

/** "1 key", "2,000 keys". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countWords(count)} ${count === 1 ? one : many}`
}
