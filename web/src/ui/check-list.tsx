import { type ReactNode, useId, useState } from 'react'
import { actWords as words } from '../words/acts.ts'

export interface Check {
  readonly value: string
  readonly hint?: string
  readonly mark?: ReactNode
  readonly isOff?: boolean
}

interface ListParts {
  readonly legend: string
  readonly hint?: string
  readonly error?: string | null
  readonly checks: readonly Check[]
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

/** With fewer check boxes a filter is only in the way. */
const FILTER_FROM = 12

/** Check boxes of one group, in the order of the list; with many of them a filter above. */
export function CheckList({ legend, hint, error = null, checks, chosen, onChange }: ListParts) {
  const [filter, setFilter] = useState('')
  const id = useId()
  const wanted = filter.trim().toLowerCase()
  const shown = checks.filter(
    (check) =>
      chosen.includes(check.value) || `${check.value} ${check.hint ?? ''}`.toLowerCase().includes(wanted),
  )
  const toggle = (value: string) =>
    onChange(checks.map((each) => each.value).filter((each) => (each === value) !== chosen.includes(each)))
  return (
    <fieldset>
      <legend>{legend}</legend>
      {hint !== undefined && <p className="hint">{hint}</p>}
      {checks.length >= FILTER_FROM && (
        <div className="scope-tools">
          <label className="unseen" htmlFor={id}>
            {`${words.search}: ${legend}`}
          </label>
          <input
            id={id}
            type="search"
            placeholder={words.search}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <span className="soft" role="status">
            {words.chosen(chosen.length, checks.length)}
          </span>
        </div>
      )}
      <div className="check-list">
        {shown.map(({ value, hint: about, mark, isOff = false }) => (
          <div className="choice" key={value}>
            <input
              id={`${id}-${value}`}
              type="checkbox"
              checked={chosen.includes(value)}
              disabled={isOff}
              aria-describedby={about === undefined ? undefined : `${id}-${value}-hint`}
              onChange={() => toggle(value)}
            />
            <div>
              <label htmlFor={`${id}-${value}`}>
                <code>{value}</code> {mark}
              </label>
              {about !== undefined && (
                <p id={`${id}-${value}-hint`} className="hint">
                  {about}
                </p>
              )}
            </div>
          </div>
        ))}
      </div>
      {error !== null && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  )
}
