import { type ReactNode, useEffect, useRef } from 'react'
import { shownOnceWords as words } from '../words/shown-once.ts'
import { CopyField } from './copy.tsx'
import { Notice } from './notice.tsx'
import { Page } from './page.tsx'
import { useStay } from './stay.ts'

interface OnceParts {
  readonly title: string
  readonly tab: string
  readonly lead: string
  readonly fields: readonly {
    readonly label: string
    readonly value: string
    readonly hint?: string
    readonly lines?: number
  }[]
  readonly lost: string
  readonly done: string
  /** Called once: whoever holds the values drops them. */
  readonly onDone: () => void
  /** Below it: what the secret is for. */
  readonly children?: ReactNode
}

/** Shows a secret once: a state of its page, which is left by saying that the secret is stored. */
export function ShownOnce({ title, tab, lead, fields, lost, done, onDone, children }: OnceParts) {
  const { tries, release } = useStay()
  const nudge = useRef<HTMLDivElement>(null)
  const top = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (tries > 0) nudge.current?.focus()
  }, [tries])
  useEffect(() => {
    scrollTo(0, 0)
    top.current?.querySelector('h1')?.focus()
  }, [])
  return (
    <div ref={top}>
      <Page title={title} tab={tab} lead={lead}>
        <div ref={nudge} tabIndex={-1} className="nudge">
          {tries > 0 && (
            <Notice kind="alert" isAnnounced key={tries}>
              <p>{words.stay(done)}</p>
            </Notice>
          )}
        </div>
        <div className="card secret-once">
          {fields.map((field) => (
            <CopyField key={field.label} {...field} />
          ))}
          <div className="form-end">
            <button
              type="button"
              className="button"
              onClick={() => {
                release()
                onDone()
              }}
            >
              {done}
            </button>
          </div>
          <p className="hint">{lost}</p>
        </div>
        {children}
      </Page>
    </div>
  )
}
