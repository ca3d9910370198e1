import { type ReactNode, useEffect, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { SERVER_BASE } from './api/base.ts'
import { signOut, useSession } from './api/session.ts'
import { Palette } from './palette/palette.tsx'
import { paths } from './paths.ts'
import { navigationFor } from './staff.routes.tsx'
import { Mark } from './ui/mark.tsx'
import { TimeChoice } from './ui/time.tsx'
import { appWords as words } from './words/app.ts'
import { doorWords } from './words/which-door.ts'

/** The frame around every page: skip link, navigation, who is signed in. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const [path] = useLocation()
  const [openAt, setOpenAt] = useState<string | null>(null)
  const session = useSession()
  const { staff, branding } = session
  const links = navigationFor(session)
  const isOpen = openAt === path
  useEffect(() => {
    if (!isOpen) return
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setOpenAt(null)
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [isOpen])

  return (
    <div className="frame">
      <a className="skip" href="#main">
        {words.skip}
      </a>
      <header className="side" data-open={isOpen}>
        <div className="side-top">
          <Link className="brand" to="/">
            {branding.logo_url === null ? (
              <Mark />
            ) : (
              <img className="brand-logo" src={new URL(branding.logo_url).pathname} alt="" />
            )}
            <span>{branding.product_name ?? words.product}</span>
          </Link>
          <button
            type="button"
            className="button quiet menu-button"
            aria-expanded={isOpen}
            aria-controls="side-menu"
            onClick={() => setOpenAt(isOpen ? null : path)}
          >
            {words.menu}
          </button>
        </div>
        <Palette pages={[...links, { to: paths.whichDoor.to(), words: doorWords.title }]} />
        <div id="side-menu" className="side-menu">
          <nav aria-label={words.navigation}>
            <ul>
              {links.map(({ to, words: name }) => (
                <li key={to}>
                  <Link to={to} aria-current={isBelow(path, to) ? 'page' : undefined}>
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div className="side-end">
            <TimeChoice />
            <a href={`${SERVER_BASE}/docs`}>{words.apiDocs}</a>
            <p className="who">
              <span className="unseen">{words.signedInAs} </span>
              <span>{staff.name}</span>
              <span className="soft">{staff.role}</span>
            </p>
            <a href={`${SERVER_BASE}/staff/factors`}>{words.secondFactors}</a>
            <button type="button" className="button quiet" onClick={() => void signOut()}>
              {words.signOut}
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  )
}

function isBelow(path: string, link: string): boolean {
  const [to = ''] = link.split('?')
  return to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`)
}
