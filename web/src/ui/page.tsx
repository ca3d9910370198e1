import { type ReactNode, useEffect, useRef } from 'react'
import { Link } from 'wouter'
import { appWords as words } from '../words/app.ts'

interface PageParts {
  /** Heading. */
  readonly title: string
  /** Title of the tab, where the heading is not enough. Never contains a secret. */
  readonly tab?: string
  readonly lead?: ReactNode
  /** Links and buttons beside the heading. */
  readonly actions?: ReactNode
  /** Where this page is, from the top. */
  readonly above?: readonly { readonly to: string; readonly words: string }[]
  readonly children?: ReactNode
}

/** The path whose heading had the focus last. */
let shownPath: string | null = null

/** A page: its heading gets the focus when the reader comes from another page, so that a screen reader says where it is. */
export function Page({ title, tab = title, lead, actions, above = [], children }: PageParts) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    const { pathname } = location
    if (shownPath !== null && shownPath !== pathname) {
      scrollTo(0, 0)
      heading.current?.focus({ preventScroll: true })
    }
    shownPath = pathname
  }, [])
  useEffect(() => {
    document.title = `${tab} · ${words.product}`
  }, [tab])
  return (
    <div className="page">
      {above.length > 0 && (
        <nav className="above" aria-label={words.breadcrumb}>
          {above.map(({ to, words: name }) => (
            <Link key={to} to={to}>
              {name}
            </Link>
          ))}
        </nav>
      )}
      <div className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead !== undefined && <div className="lead">{lead}</div>}
        </div>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </div>
      {children}
    </div>
  )
}
