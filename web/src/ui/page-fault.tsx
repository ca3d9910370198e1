import { Component, type ReactNode } from 'react'
import { ApiProblem } from '../api/problem.ts'
import { appWords as words } from '../words/app.ts'
import { Page } from './page.tsx'
import { ProblemBox } from './problem-box.tsx'

/** Shows a page's own fault in its place, so that the navigation stays. */
export class PageFault extends Component<{ readonly children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    if (error instanceof ApiProblem) return <ProblemBox error={error} onRetry={() => location.reload()} />
    return (
      <Page title={words.fault.title} lead={words.fault.detail}>
        <button type="button" className="button" onClick={() => location.reload()}>
          {words.reload}
        </button>
      </Page>
    )
  }
}
