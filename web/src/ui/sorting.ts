import type { Sorting } from './data-table.tsx'

/** Sorting by the `sort` of the URL, for lists of which each order has one direction. */
export function sortingOf(
  asked: string | undefined,
  first: string,
  descending: readonly string[],
  set: (sort: string | undefined) => void,
): Sorting {
  const by = asked ?? first
  return {
    by,
    ascending: !descending.includes(by),
    choose: (chosen) => set(chosen === first ? undefined : chosen),
  }
}
