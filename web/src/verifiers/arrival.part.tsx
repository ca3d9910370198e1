import { useQuery } from '@tanstack/react-query'
import type { MomentText } from '../../../src/http/wire.ts'
import { useSession } from '../api/session.ts'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { msOf, Time } from '../ui/time.tsx'
import { arrivalSentences, arrivalWords as words } from '../words/arrival.ts'
import { VerifiersList } from './verifiers.part.tsx'
import { type ArrivalAnswer, arrivalQuery } from './verifiers.queries.ts'

/** Since when every verifier refuses what ended at a moment, live until all do. Shows nothing after an hour, when that is not kept any more. */
export function Arrival({ at }: { readonly at: MomentText | null }) {
  return at === null ? null : <ArrivalOf at={at} />
}

function ArrivalOf({ at }: { readonly at: MomentText }) {
  const arrival = useQuery(arrivalQuery(at))
  // Mostly there is nothing to show: no word that it loads.
  return arrival.isPending ? null : <Loaded query={arrival}>{(found) => <Found arrival={found} />}</Loaded>
}

type Unconfirmed = ArrivalAnswer['waiting'][number]

function Found({ arrival }: { readonly arrival: ArrivalAnswer }) {
  const isBound = useSession().bound_to_environments
  const { state, refused_since, verifiers, applied, waiting, lapsed, waiting_count, lapsed_count } = arrival
  const [first, ...others] = arrivalSentences({
    ...{ state, verifiers, applied, waiting: waiting_count, lapsed: lapsed_count },
    refusedSinceMs: refused_since === null ? null : msOf(refused_since),
    startedLater: arrival.started_later,
    notReporting: arrival.not_reporting,
  })
  if (first === undefined) return null
  return (
    <>
      <Notice kind={state === 'arrived' ? 'good' : 'warn'} title={first} isAnnounced>
        {others.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        {waiting.length + lapsed.length > 0 && (
          <ul>
            <Lines all={waiting} count={waiting_count} say={words.waitingFor} />
            <Lines all={lapsed} count={lapsed_count} say={words.notConfirmed} />
          </ul>
        )}
      </Notice>
      {!isBound && verifiers > 1 && <VerifiersList />}
    </>
  )
}

function Lines({
  all,
  count,
  say,
}: {
  readonly all: readonly Unconfirmed[]
  readonly count: number
  readonly say: (name: string) => string
}) {
  return (
    <>
      {all.map(({ id, name, kind, last_seen_at, refuses_from }) => (
        <li key={id}>
          {say(name ?? words.nameless[kind])} · {words.lastSeen} <Time at={last_seen_at} />
          {refuses_from !== null && <> · {words.refusesFrom(msOf(refuses_from))}</>}
        </li>
      ))}
      {count > all.length && <li>{words.more(count - all.length)}</li>}
    </>
  )
}
