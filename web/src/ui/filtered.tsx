import { actWords as words } from '../words/acts.ts'

interface FilteredParts {
  readonly by: readonly (readonly [what: string, value: string | undefined, clear: () => void])[]
}

/** Filters that came with a link and have no field of their own: what they are, with a way to remove each. */
export function Filtered({ by }: FilteredParts) {
  const set = by.filter(([, value]) => value !== undefined)
  if (set.length === 0) return null
  return (
    <ul className="filtered">
      {set.map(([what, value, clear]) => (
        <li key={what}>
          <span className="soft">{what}</span> <code>{value}</code>{' '}
          <button type="button" className="link-button" aria-label={words.clear(what)} onClick={clear}>
            {words.remove}
          </button>
        </li>
      ))}
    </ul>
  )
}
