const UNITS = [
  { seconds: 86_400, words: ['d', 'day', 'days'] },
  { seconds: 3_600, words: ['h', 'hour', 'hours'] },
  { seconds: 60, words: ['min', 'minute', 'minutes'] },
  { seconds: 1, words: ['s', 'second', 'seconds'] },
] as const

/** A length of time as it is typed: "90 days", "1 hour". Empty: none. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return ''
  const unit = UNITS.find((each) => seconds % each.seconds === 0) ?? UNITS[3]
  const count = seconds / unit.seconds
  return `${count} ${unit.words[count === 1 ? 1 : 2]}`
}

/**
 * Seconds of what was typed: "90 days", "12 h", "30 min"; a number alone is days. Null where it is empty. A text that is no
 * length of time stays one that the API refuses.
 */
export function secondsIn(text: string): number | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const [, number = '', word = 'd'] = /^(\d+(?:\.\d+)?)\s*([a-z]+)?$/i.exec(trimmed) ?? []
  const unit = UNITS.find(({ words }) => words.some((each) => each === word.toLowerCase()))
  const seconds = Math.round(Number(number) * (unit?.seconds ?? 0))
  return number === '' || unit === undefined || !Number.isFinite(seconds) ? -1 : seconds
}
