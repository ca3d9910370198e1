import { useState } from 'react'
import type { ChainCheckWire } from '../../../src/audit-log/audit-event.wire.ts'
import { get } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Facts, Notice, Section } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { evidenceWords as words } from '../words/evidence.ts'
import type { Evidence } from './evidence.queries.ts'

/** The log that the report is read from, and how far it was verified. A long one is verified further on demand. */
export function EvidenceChain({ evidence: { chain } }: { readonly evidence: Evidence }) {
  const [check, setCheck] = useState(chain.check)
  const act = useAct()
  const verifyRest = () =>
    act.ask(async () => {
      for (let next = check.next; next !== null; ) {
        const found = await get<typeof ChainCheckWire>('/v1/audit-events/verification', {
          query: { ...next },
        })
        setCheck(found)
        next = found.next
      }
    })
  return (
    <Section
      title={words.chain}
      lead={words.chainLead}
      actions={
        check.next !== null && (
          <Button kind="quiet" busy={act.isBusy} onClick={() => void verifyRest()}>
            {words.verifyRest}
          </Button>
        )
      }
    >
      {check.first_broken !== null && (
        <Notice kind="alert" title={words.broken(check.first_broken.seq)} isAnnounced>
          <p>{words.brokenDetail(check.first_broken.fault)}</p>
        </Notice>
      )}
      <div className="card" role="status">
        <Facts
          facts={[
            check.first_broken === null && [
              words.verified,
              check.next === null ? words.intact(check.events) : words.partly(check.events),
            ],
            [words.head, chain.head.seq.toLocaleString('en')],
            [words.headHash, <code key="hash">{chain.head.hash}</code>],
            [words.archived, words.archivedTo(chain.archived_to)],
          ]}
        />
      </div>
      <ProblemBox error={act.error} />
    </Section>
  )
}
