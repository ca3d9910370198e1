import { useState } from 'react'
import { useCan } from '../api/session.ts'
import { paths, type Search } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
import type { Selection } from '../ui/data-table.tsx'
import { manyWords as words } from '../words/change-many.ts'
import { idsText, MOST_CHOSEN } from './change-many.ts'
import type { KeyRow } from './keys.queries.ts'

export interface ChosenKeys {
  readonly ids: ReadonlySet<string>
  readonly selection: Selection<KeyRow>
}

/** The rows that are chosen; null for those who may change no key. Another list begins with none chosen. */
export function useChosenKeys(rows: readonly KeyRow[], query: Search): ChosenKeys | null {
  const can = useCan()
  const list = JSON.stringify(query)
  const [chosen, setChosen] = useState<{ readonly list: string; readonly ids: ReadonlySet<string> }>()
  const ids = chosen?.list === list ? chosen.ids : new Set<string>()
  if (!can('keys:revoke') && !can('keys:write')) return null
  return {
    ids,
    selection: {
      has: ({ id }) => ids.has(id),
      toggle: ({ id }) => setChosen({ list, ids: ids.symmetricDifference(new Set([id])) }),
      setAll: (isChosen) => setChosen({ list, ids: new Set(isChosen ? rows.map(({ id }) => id) : []) }),
      nameOf: ({ name }) => words.select(name),
    },
  }
}

/** Leads from the list to the page that changes many keys: the chosen ones, or all that match. */
export function SelectionBar({ chosen, query }: { readonly chosen: ChosenKeys; readonly query: Search }) {
  const { size } = chosen.ids
  const { sort: _, secret_sha256: hash, ...filter } = query
  const isFiltered = hash === undefined && Object.values(filter).some((value) => value !== undefined)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be one of a form
    <div className="selection-bar" role="group" aria-label={words.bar}>
      <span className="soft" role="status">
        {words.barChosen(size)}
      </span>
      {size > 0 && (
        <ButtonLink
          kind="quiet"
          to={paths.changeKeys.to({ ids: idsText(chosen.ids) })}
          whyNot={size > MOST_CHOSEN ? words.tooMany(MOST_CHOSEN) : null}
        >
          {words.barChange}
        </ButtonLink>
      )}
      {isFiltered && (
        <ButtonLink kind="quiet" to={paths.changeKeys.to(filter)}>
          {words.barAll}
        </ButtonLink>
      )}
    </div>
  )
}
