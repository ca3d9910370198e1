import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Static } from 'typebox'
import { useLocation } from 'wouter'
import type { IssuedKeyWire, NewKeyWire } from '../../../src/keys/key.wire.ts'
import { change } from '../api/request.ts'
import { useCan, useSession } from '../api/session.ts'
import { newestOwnersQuery, typedOwnerQuery } from '../owners/owner.queries.ts'
import { paths } from '../paths.ts'
import { scopesQuery } from '../scopes/scopes.queries.ts'
import { policiesQuery } from '../settings/policy.queries.ts'
import { Loading } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { keyWords } from '../words/keys.ts'
import { newKeyWords as words } from '../words/new-key.ts'
import { bodyOf, DRAFT_PARAMETERS, draftOf, type KeyDraft } from './key-draft.ts'
import { NewKeyForm } from './new-key.form.tsx'
import { allowsScope, rulesFor, withinPolicy } from './policy-rules.ts'
import { SecretOnce } from './secret-once.tsx'

/** Creates a key, then shows its secret once. */
export default function NewKeyPage() {
  const { query, unknown } = useUrlQuery(DRAFT_PARAMETERS)
  const { environments } = useSession()
  const can = useCan()
  const [draft, setDraft] = useState<KeyDraft>(() => draftOf(query, environments))
  const [issued, setIssued] = useState<Static<typeof IssuedKeyWire> | null>(null)
  const scopes = useQuery(scopesQuery)
  const owners = useQuery(newestOwnersQuery)
  const owner = useQuery(typedOwnerQuery(draft.ownerId.trim()))
  const policies = useQuery({ ...policiesQuery(owner.data?.id ?? null), enabled: can('owners:read') })
  const act = useAct()
  const [, navigate] = useLocation()

  if (issued !== null)
    return (
      <SecretOnce
        name={issued.name}
        secret={issued.secret}
        onStored={() => {
          setIssued(null)
          navigate(paths.key.to(issued.id), { replace: true })
        }}
      />
    )
  const known = new Set(scopes.data?.map(({ name }) => name))
  const foreign = scopes.data === undefined ? [] : draft.scopes.filter((name) => !known.has(name))
  const rules = rulesFor(policies.data?.data ?? [], draft.environment)
  const offered = (scopes.data ?? []).filter(({ name }) => allowsScope(rules, name))
  const own = withinPolicy({ ...draft, scopes: draft.scopes.filter((name) => known.has(name)) }, rules)
  const submit = () =>
    act.run(async () => {
      const body = bodyOf(own)
      const made = await change<typeof IssuedKeyWire, typeof NewKeyWire>('POST', '/v1/keys', body, {
        once: true,
      })
      setIssued(made)
    })
  return (
    <Page
      title={words.title}
      lead={words.lead}
      above={[{ to: paths.keys.to({ state: 'live' }), words: keyWords.title }]}
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      {foreign.length > 0 && <Notice kind="warn">{words.unknownScopes(foreign)}</Notice>}
      {scopes.data === undefined ? (
        <Loading />
      ) : (
        <NewKeyForm
          draft={own}
          onChange={(changes) => setDraft((now) => ({ ...now, ...changes }))}
          scopes={offered}
          owners={owners.data ?? []}
          rules={rules}
          environments={environments}
          act={act}
          onSubmit={() => void submit()}
        />
      )}
    </Page>
  )
}
