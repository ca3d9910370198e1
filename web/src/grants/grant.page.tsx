import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { GrantWire } from '../../../src/oauth/grants/grant.wire.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { CheckList } from '../ui/check-list.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Facts, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { FullTime } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { Arrival } from '../verifiers/arrival.part.tsx'
import { grantWords as words } from '../words/grants.ts'
import { type Grant, grantQuery } from './grants.queries.ts'
import { ShownConsent } from './shown-consent.tsx'

const KINDS = { active: 'good', stopped: 'warn', expired: 'plain', revoked: 'plain' } as const
const ABOVE = [{ to: paths.grants.to(), words: words.title }]

/** One grant: who allowed what, and ways to take it away. */
export default function GrantPage({ id }: { readonly id: string }) {
  const grant = useQuery(grantQuery(id))
  return grant.data === undefined ? (
    <Page title={id} above={ABOVE}>
      <Loaded query={grant}>{() => null}</Loaded>
    </Page>
  ) : (
    <GrantScreen key={grant.data.scopes.join(' ')} grant={grant.data} />
  )
}

function GrantScreen({ grant }: { readonly grant: Grant }) {
  const { id, client_id, client_name, user_id, user_name, owner_id, owner_name, scopes, state } = grant
  const [opened] = useState(grant)
  const [kept, setKept] = useState<readonly string[]>(scopes)
  const { query, set } = useUrlQuery(['act'])
  const whyNot = useWhyNot()
  const path = `/v1/grants/${encodeURIComponent(id)}` as const
  const close = () => set({ act: undefined })
  const isRevoked = state === 'revoked'
  const taken = scopes.filter((scope) => !kept.includes(scope))
  const whyNotReduce =
    whyNot('grants:write') ??
    (isRevoked
      ? words.alreadyRevoked
      : taken.length === 0
        ? words.keepAll
        : kept.length === 0
          ? words.keepNone
          : null)
  return (
    <Page
      title={words.grantTitle(client_name)}
      above={ABOVE}
      lead={
        <>
          {words.by(user_name ?? user_id)} <Badge kind={KINDS[state]}>{words.states[state]}</Badge>
        </>
      }
      actions={
        <Button
          kind="danger"
          whyNot={whyNot('grants:write') ?? (isRevoked ? words.alreadyRevoked : null)}
          onClick={() => set({ act: 'revoke' })}
        >
          {words.revoke}
        </Button>
      }
    >
      <Arrival at={grant.revoked_at} />
      {state === 'stopped' && <Notice kind="warn" title={words.stoppedTitle} />}
      <div className="card">
        <Facts
          facts={[
            [
              words.app,
              <Link key="app" to={paths.client.to(client_id)}>
                {client_name}
              </Link>,
            ],
            [
              words.user,
              <Link key="user" to={paths.user.to(user_id)}>
                {user_name ?? user_id}
              </Link>,
            ],
            [
              words.owner,
              <Link key="owner" to={paths.owner.to(owner_id)}>
                {owner_name ?? owner_id}
              </Link>,
            ],
            [words.granted, <FullTime key="granted" at={grant.granted_at} />],
            [words.consented, <FullTime key="consented" at={grant.consented_at} />],
            [words.lastUsed, <FullTime key="used" at={grant.last_used_at} />],
            [words.expires, <FullTime key="expires" at={grant.expires_at} />],
            isRevoked && [words.revokedAt, <FullTime key="revoked" at={grant.revoked_at} />],
            isRevoked && [words.revokedBy, <code key="by">{grant.revoked_by}</code>],
            isRevoked && [words.reason, grant.revoked_reason],
          ]}
        />
      </div>
      <Section title={words.allowed} {...(isRevoked ? {} : { lead: words.allowedLead })}>
        {isRevoked || whyNot('grants:write') !== null ? (
          <ul>
            {scopes.map((scope) => (
              <li key={scope}>
                <code>{scope}</code>
              </li>
            ))}
          </ul>
        ) : (
          <div className="card">
            <CheckList
              legend={words.keep}
              checks={scopes.map((value) => ({ value }))}
              chosen={kept}
              onChange={setKept}
            />
          </div>
        )}
        {!isRevoked && (
          <div className="form-end">
            <Button kind="quiet" whyNot={whyNotReduce} onClick={() => set({ act: 'reduce' })}>
              {words.reduce}
            </Button>
          </div>
        )}
      </Section>
      <ShownConsent shown={grant.shown} />
      {query.act === 'reduce' && whyNotReduce === null && (
        <ActDialog
          title={words.reduceTitle(taken.length)}
          act={words.reduce}
          isDangerous
          onClose={close}
          onAct={async () => {
            await change<typeof GrantWire>('PATCH', path, { scopes: [...kept] }, { since: opened })
          }}
        >
          <p>{words.reduceWords}</p>
          <ul>
            {taken.map((scope) => (
              <li key={scope}>
                <code>{scope}</code>
              </li>
            ))}
          </ul>
        </ActDialog>
      )}
      {query.act === 'revoke' && !isRevoked && (
        <ActDialog
          title={words.revokeTitle(client_name)}
          act={words.revokeAct}
          isDangerous
          reason="required"
          whyNot={whyNot('grants:write')}
          onClose={close}
          onAct={async (reason) => {
            await change<typeof GrantWire>('POST', `${path}/revoke`, { reason })
          }}
        >
          <p>{words.revokeWords}</p>
        </ActDialog>
      )}
    </Page>
  )
}
