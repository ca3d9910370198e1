import { useState } from 'react'
import type { StaffWire } from '../../../src/staff/staff.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/notice.tsx'
import { staffWords as words } from '../words/staff.ts'
import type { Member } from './staff.queries.ts'

/** The factors by which a member signs in, and the way out for one who has lost the second. */
export function MemberFactors({
  member,
  whyNot,
}: {
  readonly member: Member
  /** Why the reader cannot change this member; null: they can. */
  readonly whyNot: string | null
}) {
  const { id, name, factors, passkeys, recovery_codes_left: codes } = member
  const [isAsking, setAsking] = useState(false)
  const hasApp = factors.includes('totp')
  const isNothing = !hasApp && passkeys === 0 && codes === 0
  return (
    <Section
      title={words.factors}
      lead={words.factorsLead}
      actions={
        <Button
          kind="danger"
          whyNot={whyNot ?? (isNothing ? words.noSecondFactor : null)}
          onClick={() => setAsking(true)}
        >
          {words.reset}
        </Button>
      }
    >
      <div className="card">
        <Facts
          facts={[
            [words.password, factors.includes('password') ? words.isSet : words.isNotSet],
            [words.singleSignOn, factors.includes('sso') ? words.isLinked : words.isNotLinked],
            [words.app, hasApp ? words.isSet : words.isNotSet],
            [words.passkeys, words.passkeysOf(passkeys)],
            [words.recoveryCodes, words.codesLeft(codes)],
          ]}
        />
      </div>
      {isAsking && (
        <ActDialog
          title={words.resetTitle(name)}
          act={words.reset}
          isDangerous
          whyNot={whyNot}
          onClose={() => setAsking(false)}
          onAct={() => change<typeof StaffWire>('POST', `/v1/staff/${id}/reset-factors`, {})}
        >
          <p>{words.resetRemoves}</p>
          <ul>
            {hasApp && <li>{words.app}</li>}
            {passkeys > 0 && <li>{words.passkeysOf(passkeys)}</li>}
            {codes > 0 && <li>{words.codesLeft(codes)}</li>}
          </ul>
          <p>{words.resetEffect}</p>
        </ActDialog>
      )}
    </Section>
  )
}
