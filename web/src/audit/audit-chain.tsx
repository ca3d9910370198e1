import { useState } from 'react'
import type { ChainCheckWire } from '../../../src/audit-log/audit-event.wire.ts'
import { get } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { CopyField } from '../ui/copy.tsx'
import { Notice, Section } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Time } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { auditWords as words } from '../words/audit.ts'
import type { ChainCheck } from './audit-log.queries.ts'

/** Progress of the chain's verification in this browser. The next one goes on from there, and must pass through its hash. */
interface Verified {
  readonly seq: number
  readonly hash: string
  readonly at: string
}
const KEPT = 'doorward-audit-chain'

function kept(): Verified | null {
  try {
    const { seq, hash, at } = JSON.parse(localStorage.getItem(KEPT) ?? '') as Verified
    return Number.isInteger(seq) && /^[0-9a-f]{64}$/.test(hash) ? { seq, hash, at } : null
  } catch {
    return null
  }
}

/** Walks the audit chain, so many entries at a time, and says to which entry it is in order. */
export function AuditChain() {
  const [verified, setVerified] = useState(kept)
  const [walked, setWalked] = useState<number | null>(null)
  const [broken, setBroken] = useState<ChainCheck['first_broken']>(null)
  const act = useAct()
  const walk = (from: Verified | null) =>
    act.ask(async () => {
      setBroken(null)
      setWalked(from?.seq ?? 0)
      let next: ChainCheck['next'] = from === null ? null : { after_seq: from.seq, after_hash: from.hash }
      do {
        const check: ChainCheck = await get<typeof ChainCheckWire>('/v1/audit-events/verification', {
          query: { ...next },
        })
        setBroken(check.first_broken)
        setWalked(check.events)
        next = check.next
        if (check.head_hash !== null) {
          const done = { seq: check.events, hash: check.head_hash, at: new Date().toISOString() }
          localStorage.setItem(KEPT, JSON.stringify(done))
          setVerified(done)
        }
      } while (next !== null)
    })
  return (
    <Section
      title={words.chain}
      lead={words.chainLead}
      actions={
        <>
          <Button kind="quiet" busy={act.isBusy} onClick={() => void walk(verified)}>
            {verified === null ? words.verify : words.verifyOn}
          </Button>
          {verified !== null && (
            <Button kind="quiet" busy={act.isBusy} onClick={() => void walk(null)}>
              {words.verifyAgain}
            </Button>
          )}
        </>
      }
    >
      <ProblemBox error={act.error} />
      {broken === null ? (
        <div className="card" role="status">
          {act.isBusy && walked !== null ? (
            <p>{words.verifying(walked)}</p>
          ) : verified === null ? (
            <p>{words.never}</p>
          ) : (
            <>
              <p>
                <strong>{words.verified(verified.seq)}</strong> <Time at={verified.at} />
              </p>
              <p className="hint">{words.intact}</p>
            </>
          )}
        </div>
      ) : (
        <Notice kind="alert" title={words.broken(broken.seq)} isAnnounced>
          <p>{words.brokenDetail(broken.fault)}</p>
        </Notice>
      )}
      {verified !== null && broken === null && (
        <CopyField label={words.headHash} value={verified.hash} hint={words.headHint} />
      )}
    </Section>
  )
}
