import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SingleSignOnWire } from '../../../src/staff/sso/single-sign-on.wire.ts'
import { change } from '../api/request.ts'
import { useCan } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Facts, Section } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Time } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { singleSignOnWords as words } from '../words/single-sign-on.ts'
import { staffWords } from '../words/staff.ts'
import { type SingleSignOn, singleSignOnQuery } from './settings.queries.ts'
import { ProviderDialog } from './single-sign-on.form.tsx'

/** The identity provider of staff: set, test, require, remove. */
export function SingleSignOnSection() {
  const query = useQuery(singleSignOnQuery)
  return (
    <Section title={words.title} lead={words.lead}>
      <Loaded query={query}>{(shown) => <Provider shown={shown} />}</Loaded>
    </Section>
  )
}

type Asked = 'provider' | 'require' | 'remove' | null

function Provider({ shown }: { readonly shown: SingleSignOn }) {
  const whyNot = useCan()('staff:write') ? null : words.mayNot
  const [asked, setAsked] = useState<Asked>(null)
  const cache = useQueryClient()
  const act = useAct()
  const { provider } = shown
  const send = async (verb: 'require' | 'stop-requiring' | 'remove') => {
    const done = await act.run(async () => {
      await change<typeof SingleSignOnWire>('POST', `/v1/single-sign-on/${verb}`)
      await cache.invalidateQueries({ queryKey: singleSignOnQuery.queryKey })
      return true
    })
    if (done === true) setAsked(null)
  }
  const isRequired = provider !== null && provider.required_since !== null
  return (
    <div className="card">
      {asked === null && <ProblemBox error={act.error} />}
      {provider === null ? <p>{words.none}</p> : <ProviderFacts shown={shown} provider={provider} />}
      <div className="form-end">
        <Button kind="quiet" whyNot={whyNot} onClick={() => setAsked('provider')}>
          {provider === null ? words.set : words.change}
        </Button>
        {provider !== null && (
          <>
            <a className="button quiet" href={shown.test_url}>
              {words.test}
            </a>
            {isRequired ? (
              <Button
                kind="quiet"
                whyNot={whyNot}
                busy={act.isBusy}
                onClick={() => void send('stop-requiring')}
              >
                {words.stop}
              </Button>
            ) : (
              <Button
                kind="quiet"
                whyNot={whyNot ?? (provider.tested_at === null ? words.notYet : null)}
                onClick={() => setAsked('require')}
              >
                {words.require}
              </Button>
            )}
            <Button
              kind="danger"
              whyNot={whyNot ?? (isRequired ? words.isRequired : null)}
              onClick={() => setAsked('remove')}
            >
              {words.remove}
            </Button>
          </>
        )}
      </div>
      {asked === 'provider' && <ProviderDialog shown={shown} onClose={() => setAsked(null)} />}
      {(asked === 'require' || asked === 'remove') && (
        <Dialog
          title={asked === 'require' ? words.requireTitle : words.removeTitle}
          onClose={() => setAsked(null)}
        >
          <ProblemBox error={act.error} />
          <p>{asked === 'require' ? words.requireEffect : words.removeEffect}</p>
          <div className="form-end">
            <Button kind="danger" busy={act.isBusy} onClick={() => void send(asked)}>
              {asked === 'require' ? words.require : words.remove}
            </Button>
            <Button kind="quiet" onClick={() => setAsked(null)}>
              {appWords.cancel}
            </Button>
          </div>
        </Dialog>
      )}
    </div>
  )
}

function ProviderFacts({
  shown,
  provider,
}: {
  readonly shown: SingleSignOn
  readonly provider: NonNullable<SingleSignOn['provider']>
}) {
  const { tested_at, states_auth_time, required_since, domains } = provider
  return (
    <Facts
      facts={[
        [words.issuer, provider.issuer],
        [words.client, provider.client_id],
        [words.secret, words.hasSecret(provider.has_client_secret)],
        [words.redirect, shown.redirect_uri],
        [words.domains, domains.length === 0 ? words.noDomains : domains.join(', ')],
        domains.length > 0 && [words.role, staffWords.roles[provider.default_role] ?? provider.default_role],
        [words.tested, tested_at === null ? words.notTested : <Time key="tested" at={tested_at} />],
        states_auth_time !== null && [words.authTime, words.statesAuthTime(states_auth_time)],
        [
          words.required,
          required_since === null ? words.notRequired : <Time key="required" at={required_since} />,
        ],
      ]}
    />
  )
}
