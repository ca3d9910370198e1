import { useId, useRef, useState } from 'react'
import { appWords as words } from '../words/app.ts'

interface CopyParts {
  readonly label: string
  readonly value: string
  readonly hint?: string
  /** Several lines, such as a command. */
  readonly lines?: number
}

/**
 * A text to copy, in a labelled read-only field. That it was copied is said by `role=status`, and the focus stays on the
 * button.
 */
export function CopyField({ label, value, hint, lines = 1 }: CopyParts) {
  const id = useId()
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null)
  const [said, setSaid] = useState('')
  const copy = async () => {
    setSaid('')
    try {
      await navigator.clipboard.writeText(value)
      setSaid(words.copied(label))
    } catch {
      field.current?.select()
      setSaid(words.copyFailed)
    }
  }
  const parts = {
    id,
    ref: field,
    readOnly: true,
    value,
    spellCheck: false,
    autoComplete: 'off',
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    onFocus: () => field.current?.select(),
  }
  return (
    <div className="field copy">
      <label htmlFor={id}>{label}</label>
      <div className="copy-row">
        {lines === 1 ? <input type="text" {...parts} /> : <textarea rows={lines} {...parts} />}
        <button
          type="button"
          className="button quiet"
          aria-label={`${words.copy}: ${label}`}
          onClick={() => void copy()}
        >
          {words.copy}
        </button>
      </div>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
      <p className="copied" role="status">
        {said}
      </p>
    </div>
  )
}
