import { useState } from 'react'
import type { ApiChangeWire, ApiWire, NewApiWire } from '../../../src/scopes/scope.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { scopeWords as words } from '../words/scopes.ts'
import type { Api } from './scopes.queries.ts'

/** Declares a protected resource, or changes one. */
export function ApiDialog({ api, onClose }: { readonly api: Api | null; readonly onClose: () => void }) {
  const [opened] = useState(api)
  const [name, setName] = useState(api?.name ?? '')
  const [identifier, setIdentifier] = useState(api?.identifier ?? '')
  const act = useAct()
  const save = () =>
    act.run(async () => {
      const body = { name: name.trim(), identifier: identifier.trim() }
      if (api === null) await change<typeof ApiWire, typeof NewApiWire>('POST', '/v1/apis', body)
      else
        await change<typeof ApiWire, typeof ApiChangeWire>('PATCH', `/v1/apis/${api.id}`, body, {
          since: opened ?? api,
        })
      onClose()
    })
  return (
    <Dialog title={api === null ? words.createApi : words.changeTitle(api.name)} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <ProblemBox error={act.error} />
        <Field label={words.apiName} error={faultAt(act.error, '/name')}>
          {(ids) => (
            <input {...ids} value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Field
          label={words.identifier}
          hint={api === null ? words.identifierHint : `${words.identifierHint} ${words.identifierEffect}`}
          error={faultAt(act.error, '/identifier')}
        >
          {(ids) => (
            <input {...ids} value={identifier} onChange={(event) => setIdentifier(event.target.value)} />
          )}
        </Field>
        <div className="form-end">
          <Button type="submit" busy={act.isBusy}>
            {words.save}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
