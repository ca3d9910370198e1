import { useEffect, useId, useState } from 'react'
import { useNoSecret } from './no-secret.ts'

interface FilterParts {
  readonly label: string
  readonly value: string
  readonly type?: 'text' | 'datetime-local'
  readonly onChange: (value: string) => void
}

/** A filter of free text: it counts when the reader leaves the field or presses Enter, not at each letter. */
export function FilterInput({ label, value, type = 'text', onChange }: FilterParts) {
  const id = useId()
  const [entered, setEntered] = useState(value)
  const { said, accept } = useNoSecret()
  useEffect(() => setEntered(value), [value])
  const settle = () => {
    if (entered.trim() !== value) onChange(entered.trim())
  }
  return (
    <div className="select">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={entered}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${id}-said`}
        onChange={(event) => setEntered(accept(event.target.value))}
        onBlur={settle}
        onKeyDown={(event) => event.key === 'Enter' && settle()}
      />
      <p id={`${id}-said`} className="search-said" role="status">
        {said}
      </p>
    </div>
  )
}

/** The value of an input `datetime-local` for a moment of the API, in the reader's zone; and back. */
export function localOf(moment: string | undefined): string {
  const at = new Date(moment ?? '')
  if (Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function momentOf(local: string): string | undefined {
  const at = new Date(local)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}
