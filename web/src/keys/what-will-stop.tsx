import { useQuery } from '@tanstack/react-query'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { actWords } from '../words/acts.ts'
import { endWords as words } from '../words/end-key.ts'
import { countWords } from '../words/time-words.ts'
import { type KeyImpact, keyImpactQuery } from './key-use.queries.ts'

/** Impact: calls of a key in the last day, which will be refused once it is stopped. */
export function WhatWillStop({ id }: { readonly id: string }) {
  const impact = useQuery(keyImpactQuery(id))
  return <Loaded query={impact}>{(found) => <Impact impact={found} />}</Loaded>
}

function Impact({ impact: { calls, scopes, addresses } }: { readonly impact: KeyImpact }) {
  const { accepted } = calls
  return (
    <Notice kind={accepted > 0 ? 'alert' : 'warn'} title={actWords.whatStops}>
      <p>{accepted === 0 ? words.noCalls : words.callsLastDay(accepted)}</p>
      {scopes.length > 0 && (
        <p>
          {words.scopes}{' '}
          {scopes.map(({ scope, count }) => (
            <span key={scope} className="spaced">
              <code>{scope}</code> {countWords(count)}
            </span>
          ))}
        </p>
      )}
      {addresses.length > 0 && (
        <>
          <p>{words.callers}</p>
          <ul>
            {addresses.map(({ ip, user_agent, at, secret_id }) => (
              <li key={secret_id + ip}>
                <code>{ip}</code> {user_agent} · <Time at={at} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Notice>
  )
}
