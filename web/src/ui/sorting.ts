import type { Sorting } from './data-table.tsx'

/** Sorting by the `sort` of the URL. */
export function sortingOf(
  asked: string | undefined,
  first: string,
  set: (sort: string | undefined) => void,
): Sorting {
  return { by: asked ?? first, choose: (chosen) => set(chosen === first ? undefined : chosen) }
}
