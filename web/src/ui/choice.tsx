import { type ReactNode, useId } from 'react'

interface ChoiceParts {
  /** The same for all choices of one question. */
  readonly group: string
  readonly label: ReactNode
  readonly hint?: ReactNode
  readonly isChosen: boolean
  readonly isOff?: boolean
  readonly onChoose: () => void
}

/** One of several answers, with its sentence. */
export function Choice({ group, label, hint, isChosen, isOff = false, onChoose }: ChoiceParts) {
  const id = useId()
  return (
    <div className="choice">
      <input
        id={id}
        type="radio"
        name={group}
        checked={isChosen}
        disabled={isOff}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={onChoose}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="hint">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
