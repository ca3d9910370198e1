import { useQuery } from '@tanstack/react-query'
import { Loaded } from '../ui/loading.tsx'
import { Time } from '../ui/time.tsx'
import { endWords as words } from '../words/end-key.ts'
import { countWords } from '../words/time-words.ts'
import { addressesQuery, seriesQuery } from './key-use.queries.ts'

/** Impact: calls of a key in the last day, which will be refused once it is stopped. */
export function WhatWillStop({ id }: { readonly id: string }) {
  const outcomes = useQuery(seriesQuery(id, '24h', 'outcome'))
  const scopes = useQuery(seriesQuery(id, '24h', 'scope'))
  const addresses = useQuery(addressesQuery(id))
  return (
    <div className="notice warn">
      <p className="notice-title">{words.willStop}</p>
      <Loaded query={outcomes}>
        {({ series }) => {
          const calls = series.find(({ outcome }) => outcome === 'accepted')?.total ?? 0
          return <p>{calls === 0 ? words.noCalls : words.callsLastDay(countWords(calls))}</p>
        }}
      </Loaded>
      <Loaded query={scopes}>
        {({ series }) => {
          const used = series.filter(({ outcome, scope }) => outcome === 'accepted' && scope)
          return used.length === 0 ? null : (
            <p>
              {words.scopes}{' '}
              {used.map(({ scope, total }) => (
                <span key={scope} className="spaced">
                  <code>{scope}</code> {countWords(total)}
                </span>
              ))}
            </p>
          )
        }}
      </Loaded>
      <Loaded query={addresses}>
        {({ data }) =>
          data.length === 0 ? null : (
            <ul>
              {data.map(({ ip, user_agent, at, secret_id }) => (
                <li key={secret_id + ip}>
                  <code>{ip}</code> {user_agent} · <Time at={at} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </div>
  )
}
