import { momentWords } from './time-words.ts'

/** A value of an event's detail in one line, without JSON: "a → b" for a change, "name: value" for the members of an object. */
export function valueWords(value: unknown, none: string): string {
  if (value === null || value === undefined) return none
  if (typeof value === 'string') return momentWords(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) {
    const hasObjects = value.some((each) => typeof each === 'object')
    return value.map((each) => valueWords(each, none)).join(hasObjects ? '; ' : ', ') || none
  }
  const members = Object.entries(value)
  if ('from' in value && 'to' in value && members.length === 2)
    return `${valueWords(value.from, none)} → ${valueWords(value.to, none)}`
  return (
    members.map(([name, each]) => `${name.replaceAll('_', ' ')}: ${valueWords(each, none)}`).join(', ') ||
    none
  )
}
