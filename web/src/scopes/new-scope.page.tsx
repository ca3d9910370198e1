import { useQuery } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import type { NewScopeWire, ScopeWire } from '../../../src/scopes/scope.wire.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { Loaded } from '../ui/loading.tsx'
import { Page } from '../ui/page.tsx'
import { useAct } from '../ui/use-act.ts'
import { scopeWords as words } from '../words/scopes.ts'
import { type ScopeDraft, ScopeForm } from './scope.form.tsx'
import { apisQuery, scopesQuery } from './scopes.queries.ts'

export default function NewScopePage() {
  const scopes = useQuery(scopesQuery)
  const apis = useQuery(apisQuery)
  const [, navigate] = useLocation()
  const act = useAct()
  const submit = async ({ apiId, implies, ...draft }: ScopeDraft) => {
    const body = { ...draft, name: draft.name.trim(), implies: [...implies], api_id: apiId }
    const made = await act.run(() =>
      change<typeof ScopeWire, typeof NewScopeWire>('POST', '/v1/scopes', body),
    )
    if (made !== undefined) navigate(paths.scope.to(made.name), { replace: true })
  }
  return (
    <Page title={words.create} above={[{ to: paths.scopes.to(), words: words.title }]}>
      <Loaded query={apis}>
        {(known) => (
          <ScopeForm
            first={{
              name: '',
              description: '',
              sensitivity: 'basic',
              implies: [],
              apiId: known.find(({ is_default }) => is_default)?.id ?? '',
            }}
            isKnown={false}
            scopes={scopes.data ?? []}
            apis={known}
            act={act}
            onSubmit={(draft) => void submit(draft)}
            onCancel={() => navigate(paths.scopes.to())}
          />
        )}
      </Loaded>
    </Page>
  )
}
