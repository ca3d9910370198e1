import type { ReactNode } from 'react'
import { useId } from 'react'
import { Link } from 'wouter'

interface ButtonParts {
  readonly children: ReactNode
  readonly onClick?: () => void
  readonly type?: 'button' | 'submit'
  readonly kind?: 'main' | 'quiet' | 'danger'
  /** Name for screen readers, where the words are the same in each row: "Revoke key nightly export". */
  readonly label?: string
  /** Reason why it cannot be used now; the button stays reachable by keyboard and says it. Null: it can. */
  readonly whyNot?: string | null
  readonly busy?: boolean
}

/** A button. One that cannot be used says why, beside it and to a screen reader. */
export function Button({
  children,
  onClick,
  type = 'button',
  kind = 'main',
  label,
  whyNot = null,
  busy = false,
}: ButtonParts) {
  const reason = useId()
  const isOff = whyNot !== null || busy
  return (
    <span className="button-with-reason">
      <button
        type={type}
        className={`button ${kind}`}
        aria-label={label}
        aria-disabled={isOff || undefined}
        aria-describedby={whyNot === null ? undefined : reason}
        aria-busy={busy || undefined}
        onClick={(event) => {
          if (isOff) event.preventDefault()
          else onClick?.()
        }}
      >
        {children}
      </button>
      {whyNot !== null && (
        <span id={reason} className="reason">
          {whyNot}
        </span>
      )}
    </span>
  )
}

/** A link that looks like a button: it leads somewhere and changes nothing. */
export function ButtonLink({
  to,
  kind = 'main',
  label,
  whyNot = null,
  children,
}: {
  readonly to: string
  /** Name for screen readers, as of a {@link Button}. */
  readonly label?: string
  /** Reason why it leads nowhere for this person: then it is a button that says so. */
  readonly whyNot?: string | null
  readonly kind?: 'main' | 'quiet' | 'danger'
  readonly children: ReactNode
}) {
  if (whyNot !== null)
    return (
      <Button kind={kind} whyNot={whyNot} {...(label === undefined ? {} : { label })}>
        {children}
      </Button>
    )
  return (
    <Link className={`button ${kind}`} to={to} aria-label={label}>
      {children}
    </Link>
  )
}
