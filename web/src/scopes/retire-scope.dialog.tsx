import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { boundedWords } from '../ui/count-words.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Loaded } from '../ui/loading.tsx'
import { useNow } from '../ui/now.ts'
import { ProblemBox } from '../ui/problem-box.tsx'
import { msOf } from '../ui/time.tsx'
import { type Act, useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { scopeWords as words } from '../words/scopes.ts'
import { holdersQuery } from './scope.queries.ts'
import { HolderTable } from './scope-holders.tsx'

const DAY_MS = 86_400_000

/** The dry run of a deprecation: whom it reaches, before it is done. */
export function DeprecateDialog(parts: {
  readonly name: string
  readonly act: Act
  readonly onDeprecate: () => void
  readonly onClose: () => void
}) {
  const { name, act, onDeprecate, onClose } = parts
  const holders = useQuery({ ...holdersQuery(name), staleTime: 0 })
  const now = useNow()
  return (
    <Dialog title={words.deprecateTitle(name)} onClose={onClose}>
      <ProblemBox error={act.error} />
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
      <div className="form-end">
        <Button kind="danger" busy={act.isBusy} onClick={onDeprecate}>
          {words.deprecate}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          {appWords.cancel}
        </Button>
      </div>
    </Dialog>
  )
}

export function RemoveDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const cache = useQueryClient()
  const [, navigate] = useLocation()
  const act = useAct()
  const remove = () =>
    act.run(async () => {
      await change('DELETE', `/v1/scopes/${encodeURIComponent(name)}`)
      navigate(paths.scopes.to(), { replace: true })
      await cache.invalidateQueries({ queryKey: ['scopes'] })
    })
  return (
    <Dialog title={words.removeTitle(name)} onClose={onClose}>
      <ProblemBox error={act.error} />
      <p>{words.removeEffect}</p>
      <div className="form-end">
        <Button kind="danger" busy={act.isBusy} onClick={() => void remove()}>
          {words.remove}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          {appWords.cancel}
        </Button>
      </div>
    </Dialog>
  )
}
