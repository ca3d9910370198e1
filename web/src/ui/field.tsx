import { type ReactNode, useId } from 'react'

interface FieldParts {
  readonly label: string
  /** Says what belongs here, below the field. */
  readonly hint?: ReactNode
  readonly error?: string | null
  readonly isOptional?: boolean
  readonly children: (ids: FieldIds) => ReactNode
}

/** Attributes of a field's input, by which a screen reader says its label, hint and error with it. */
export interface FieldIds {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': true | undefined
}

/** A labelled input with its hint and its error. */
export function Field({ label, hint, error = null, children }: FieldParts) {
  const id = useId()
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`]
  const described = [hint === undefined ? null : hintId, error === null ? null : errorId].filter(Boolean)
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described.length > 0 ? described.join(' ') : undefined,
        'aria-invalid': error === null ? undefined : true,
      })}
      {hint !== undefined && (
        <p id={hintId} className="hint">
          {hint}
        </p>
      )}
      {error !== null && (
        <p id={errorId} className="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  )
}

interface SelectParts {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, words: string])[]
  readonly onChange: (value: string) => void
}

/** A filter: a native select with its label above. */
export function Select({ label, value, options, onChange }: SelectParts) {
  return (
    <label className="select">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}
