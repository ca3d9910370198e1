import { leaveFor } from '../api/base.ts'
import { ApiProblem, wordsOf } from '../api/problem.ts'
import { problemWords as words } from '../words/problems.ts'

interface ProblemParts {
  readonly error: unknown
  readonly onRetry?: () => void
}

/** A problem: what happened, what to do, and what support asks for. Announced when it appears. */
export function ProblemBox({ error, onRetry }: ProblemParts) {
  if (error === null || error === undefined) return null
  const { title, detail, requestId } = wordsOf(error)
  const faults = error instanceof ApiProblem ? error.faults : []
  const asksForProof = error instanceof ApiProblem && error.code === 'fresh_proof_required'
  return (
    <div className="notice alert" role="alert">
      <p className="notice-title">{title}</p>
      {faults.length > 1 ? (
        <ul>
          {faults.map(({ at, message }) => (
            <li key={at + message}>{message}</li>
          ))}
        </ul>
      ) : (
        <p>{detail}</p>
      )}
      <div className="notice-end">
        {asksForProof && (
          <button type="button" className="button" onClick={() => void leaveFor('/staff/confirm')}>
            {words.confirm}
          </button>
        )}
        {onRetry !== undefined && !asksForProof && (
          <button type="button" className="button quiet" onClick={onRetry}>
            {words.tryAgain}
          </button>
        )}
        {requestId !== null && (
          <span className="soft">
            {words.requestId} <code>{requestId}</code>
          </span>
        )}
      </div>
    </div>
  )
}
