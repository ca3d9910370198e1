import { useQuery } from '@tanstack/react-query'
import type { OwnerWire } from '../../../src/owners/owner.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { boundedWords } from '../ui/count-words.ts'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { actWords } from '../words/acts.ts'
import { ownerWords as words } from '../words/owners.ts'
import type { Owner } from './owner.queries.ts'
import { type OwnerImpact, ownerImpactQuery } from './owners.queries.ts'

interface SuspendParts {
  readonly owner: Owner
  readonly onClose: () => void
}

/** Shows what will stop, then suspends the owner. */
export function SuspendDialog({ owner, onClose }: SuspendParts) {
  const { id, name } = owner
  const whyNot = useWhyNot()
  const impact = useQuery(ownerImpactQuery(id))
  return (
    <ActDialog
      title={words.suspendTitle(name ?? id)}
      act={words.suspendAct}
      isDangerous
      reason="required"
      whyNot={whyNot('owners:suspend')}
      onClose={onClose}
      onAct={async (reason) => {
        await change<typeof OwnerWire>('POST', `/v1/owners/${encodeURIComponent(id)}/suspend`, { reason })
      }}
    >
      <p>{words.suspendWords}</p>
      <Loaded query={impact}>{(found) => <WhatStops impact={found} />}</Loaded>
    </ActDialog>
  )
}

function WhatStops({ impact }: { readonly impact: OwnerImpact }) {
  const { calls, keys, busiest, last_used_at } = impact
  return (
    <Notice kind={calls.accepted > 0 ? 'alert' : 'plain'} title={actWords.whatStops}>
      <ul>
        <li>{calls.accepted > 0 ? words.impact.calls(calls.accepted) : words.impact.noCalls}</li>
        <li>{words.impact.keys(boundedWords(keys.live))}</li>
        {last_used_at !== null && (
          <li>
            {words.impact.lastUsed} <Time at={last_used_at} />
          </li>
        )}
      </ul>
      {busiest.length > 0 && (
        <>
          <p>{words.impact.busiest}</p>
          <ul>
            {busiest.slice(0, 5).map((key) => (
              <li key={key.id}>
                {key.name} <code>{key.hint}</code>: {words.impact.busy(key.calls_last_day)}
              </li>
            ))}
          </ul>
        </>
      )}
    </Notice>
  )
}
