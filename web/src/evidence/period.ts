/** A choice of the reader: a span of whole days of UTC. */
export interface Days {
  /** The first day, as an input of type date has it: 2030-01-01. */
  readonly first: string
  /** The last day, itself included. */
  readonly last: string
}

/** A period as the API takes it. */
export interface Period {
  readonly from: string
  readonly to: string
}

export const PERIODS = ['last_quarter', 'this_quarter', 'last_month', 'this_month', 'last_year'] as const
export type PeriodName = (typeof PERIODS)[number]

const DAY_MS = 86_400_000

/** The days of a named period at a moment. */
export function daysOf(name: PeriodName, now: number): Days {
  const at = new Date(now)
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()]
  const quarter = month - (month % 3)
  switch (name) {
    case 'last_quarter':
      return days(Date.UTC(year, quarter - 3), Date.UTC(year, quarter) - DAY_MS)
    case 'this_quarter':
      return days(Date.UTC(year, quarter), now)
    case 'last_month':
      return days(Date.UTC(year, month - 1), Date.UTC(year, month) - DAY_MS)
    case 'this_month':
      return days(Date.UTC(year, month), now)
    case 'last_year':
      return days(Date.UTC(year - 1, month, at.getUTCDate() + 1), now)
  }
}

/** The name of the period with these days; null: the reader's own. */
export function nameOf({ first, last }: Days, now: number): PeriodName | null {
  return (
    PERIODS.find((name) => {
      const days = daysOf(name, now)
      return days.first === first && days.last === last
    }) ?? null
  )
}

/** Null where one of the days is missing, or the last one comes before the first. */
export function periodOf({ first, last }: Days): Period | null {
  const [from, to] = [Date.parse(`${first}T00:00:00Z`), Date.parse(`${last}T00:00:00Z`)]
  if (Number.isNaN(from) || Number.isNaN(to) || to < from) return null
  return { from: new Date(from).toISOString(), to: new Date(to + DAY_MS).toISOString() }
}

/** The days of a period of the URL; null where it is none. */
export function daysIn({ from = '', to = '' }: Partial<Period>): Days | null {
  const [first, end] = [Date.parse(from), Date.parse(to)]
  return Number.isNaN(first) || Number.isNaN(end) ? null : days(first, end - 1)
}

function days(first: number, last: number): Days {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  return { first: dayOf(first), last: dayOf(last) }
}
