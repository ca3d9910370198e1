import type { ReactNode } from 'react'

interface NoticeParts {
  readonly kind?: 'plain' | 'good' | 'warn' | 'alert'
  readonly title?: string
  readonly children?: ReactNode
  /** Said by a screen reader when it appears: for results of what the person has just done. */
  readonly isAnnounced?: boolean
}

/** A box that says something about the page, or the result of an act. */
export function Notice({ kind = 'plain', title, children, isAnnounced = false }: NoticeParts) {
  return (
    <div className={`notice ${kind}`} role={isAnnounced ? 'status' : undefined}>
      {title !== undefined && <p className="notice-title">{title}</p>}
      {children}
    </div>
  )
}

/** Nothing to list: what would be here, and how it comes to be. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** A word that says a state; the colour only underlines it. */
export function Badge({
  kind = 'plain',
  children,
}: {
  readonly kind?: 'plain' | 'good' | 'warn' | 'alert'
  readonly children: ReactNode
}) {
  return <span className={`badge ${kind}`}>{children}</span>
}

/** A part of a page, under its own heading. */
export function Section({
  title,
  lead,
  actions,
  children,
}: {
  readonly title: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </div>
      {lead !== undefined && <p className="section-lead">{lead}</p>}
      {children}
    </section>
  )
}

/** Facts about one thing: name and value. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ReactNode] | null | false)[]
}) {
  return (
    <dl className="facts">
      {facts.map((fact) =>
        fact === null || fact === false ? null : (
          <div key={fact[0]}>
            <dt>{fact[0]}</dt>
            <dd>{fact[1]}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
