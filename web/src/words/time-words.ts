const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]
/** From here on days are said, not weeks or months: "47 days ago" is what people compare with a policy. */
const DAYS_UNTIL = 90

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
const count = new Intl.NumberFormat('en')

/** "2 days ago", "in 12 days". Rounded down, so that a thing is never older or further off than said. */
export function relativeWords(at: number, now: number): string {
  const seconds = (at - now) / 1000
  const size = Math.abs(seconds)
  if (size < 10) return seconds > 0 ? 'in a moment' : 'just now'
  const [unit, length] =
    size >= 86_400 && size < DAYS_UNTIL * 86_400
      ? (['day', 86_400] as const)
      : (STEPS.find(([, each]) => size >= each) ?? (['second', 1] as const))
  return relative.format(Math.trunc(seconds / length), unit)
}

/** "12 days", "1 hour": a length of time. */
export function durationWords(seconds: number): string {
  const [unit, length] = STEPS.slice(2).find(([, each]) => seconds >= each) ?? (['second', 1] as const)
  return new Intl.NumberFormat('en', {
    style: 'unit',
    unit: unit as string,
    unitDisplay: 'long',
    maximumFractionDigits: 1,
  }).format(seconds / length)
}

const exact = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
})

/** "27 Nov 2026, 14:03:07 CET", in the reader's zone. */
export function exactWords(at: number): string {
  return exact.format(at)
}

const precise = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

/** "14:03:07.412", in the reader's zone, where the day is known. */
export function preciseWords(at: number): string {
  return precise.format(at)
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

/** A moment of the API in the reader's words; any other text as it is. */
export function momentWords(text: string): string {
  return MOMENT.test(text) ? exactWords(Date.parse(text)) : text
}

export function countWords(value: number): string {
  return count.format(value)
}
