import { useQuery } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import type { ScopeChangeWire, ScopeWire } from '../../../src/scopes/scope.wire.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { boundedWords } from '../ui/count-words.ts'
import { Loaded } from '../ui/loading.tsx'
import { useNow } from '../ui/now.ts'
import { msOf } from '../ui/time.tsx'
import { scopeWords as words } from '../words/scopes.ts'
import { holdersQuery, scopePath } from './scope.queries.ts'
import { HolderTable } from './scope-holders.tsx'

const DAY_MS = 86_400_000

interface RetireParts {
  readonly name: string
  readonly onClose: () => void
}

/** The dry run of a deprecation: whom it reaches, before it is done. */
export function DeprecateDialog({ name, onClose }: RetireParts) {
  const holders = useQuery({ ...holdersQuery(name), staleTime: 0 })
  const now = useNow()
  return (
    <ActDialog
      title={words.deprecateTitle(name)}
      act={words.deprecate}
      isDangerous
      onClose={onClose}
      onAct={() =>
        change<typeof ScopeWire, typeof ScopeChangeWire>('PATCH', scopePath(name), { deprecated: true })
      }
    >
      <Loaded query={holders}>
        {(held) => {
          const inUse = held.data.filter(
            ({ last_used_at: at }) => at !== null && now - msOf(at) < DAY_MS,
          ).length
          return held.data.length === 0 ? (
            <p>{words.deprecateNobody}</p>
          ) : (
            <>
              <p>
                <strong>
                  {words.deprecateSummary(
                    boundedWords(held.keys),
                    held.clients && boundedWords(held.clients),
                    inUse,
                  )}
                </strong>
              </p>
              <p>{words.deprecateEffect}</p>
              <details>
                <summary>{words.use}</summary>
                <HolderTable holders={held} />
              </details>
            </>
          )
        }}
      </Loaded>
    </ActDialog>
  )
}

export function RemoveDialog({ name, onClose }: RetireParts) {
  const [, navigate] = useLocation()
  return (
    <ActDialog
      title={words.removeTitle(name)}
      act={words.remove}
      isDangerous
      onClose={onClose}
      onAct={async () => {
        await change('DELETE', scopePath(name))
        navigate(paths.scopes.to(), { replace: true })
      }}
    >
      <p>{words.removeEffect}</p>
    </ActDialog>
  )
}
