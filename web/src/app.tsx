import { useQuery } from '@tanstack/react-query'
import { Suspense } from 'react'
import { Redirect, Route, Router, Switch, useLocation } from 'wouter'
import { DASHBOARD_BASE } from './api/base.ts'
import { sessionQuery, useSession } from './api/session.ts'
import { Frame } from './frame.tsx'
import { paths } from './paths.ts'
import { navigationFor, staffRoutes } from './staff.routes.tsx'
import { Loading } from './ui/loading.tsx'
import { Page } from './ui/page.tsx'
import { PageFault } from './ui/page-fault.tsx'
import { ProblemBox } from './ui/problem-box.tsx'
import { mayLeave } from './ui/stay.ts'
import { appWords as words } from './words/app.ts'

export function App() {
  const session = useQuery(sessionQuery)
  if (session.data === undefined)
    return (
      <div className="before">
        {session.error === null ? (
          <Loading />
        ) : (
          <ProblemBox error={session.error} onRetry={() => void session.refetch()} />
        )}
      </div>
    )
  return (
    <Router base={DASHBOARD_BASE} aroundNav={(navigate, to, options) => mayLeave() && navigate(to, options)}>
      <Frame>
        <Screen />
      </Frame>
    </Router>
  )
}

function Screen() {
  const [path] = useLocation()
  const home = navigationFor(useSession())[0]?.to ?? paths.whichDoor.to()
  return (
    // A page begins anew where the path changes, and stays where only its search does.
    <PageFault key={path}>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path={paths.home.pattern}>
            <Redirect to={home} replace />
          </Route>
          {staffRoutes.map(([pattern, Screen]) => (
            <Route key={pattern} path={pattern}>
              {(params) => <Screen id={decodeURIComponent((params as { id?: string }).id ?? '')} />}
            </Route>
          ))}
          <Route>
            <Page title={words.notHere.title} lead={words.notHere.detail} />
          </Route>
        </Switch>
      </Suspense>
    </PageFault>
  )
}
