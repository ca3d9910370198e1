import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useLocation } from 'wouter'
import type { KeyWire } from '../../../src/keys/key.wire.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { endWords as words } from '../words/end-key.ts'
import { keyWords } from '../words/keys.ts'
import { whyNot } from './key-rules.ts'
import { type KeyRow, keyQuery } from './keys.queries.ts'
import { WhatWillStop } from './what-will-stop.tsx'

/** Disables or revokes a key, after saying what will stop. */
export default function EndKeyPage({ id }: { readonly id: string }) {
  const key = useQuery(keyQuery(id))
  const name = key.data?.name ?? keyWords.key
  return (
    <Page
      title={words.title(name)}
      lead={words.lead}
      above={[
        { to: paths.keys.to({ state: 'live' }), words: keyWords.title },
        { to: paths.key.to(id), words: name },
      ]}
    >
      <Loaded query={key}>{(found) => <EndForm keyRow={found} />}</Loaded>
    </Page>
  )
}

function EndForm({ keyRow }: { readonly keyRow: KeyRow }) {
  const { id } = keyRow
  const mayNot = useWhyNot()('keys:revoke')
  const whyNotDisable = whyNot('disable', keyRow)
  const [how, setHow] = useState<'disable' | 'revoke'>(whyNotDisable === null ? 'disable' : 'revoke')
  const [reason, setReason] = useState('')
  const group = useId()
  const act = useAct()
  const [, navigate] = useLocation()
  const end = async () => {
    const body = reason.trim() === '' ? {} : { reason: reason.trim() }
    const ended = await act.run(() =>
      change<typeof KeyWire>('POST', `/v1/keys/${id}/${how}`, how === 'revoke' ? body : undefined),
    )
    if (ended !== undefined) navigate(paths.key.to(id))
  }
  const whyNotRevoke = whyNot('revoke', keyRow)
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        void end()
      }}
    >
      <WhatWillStop id={id} />
      <fieldset className="card choices">
        <legend className="unseen">{words.how}</legend>
        <Choice
          group={group}
          label={words.disable}
          hint={whyNotDisable ?? words.disableHint}
          isChosen={how === 'disable'}
          isOff={whyNotDisable !== null}
          onChoose={() => setHow('disable')}
        />
        <Choice
          group={group}
          label={words.revoke}
          hint={whyNotRevoke ?? words.revokeHint}
          isChosen={how === 'revoke'}
          isOff={whyNotRevoke !== null}
          onChoose={() => setHow('revoke')}
        />
        {how === 'revoke' && (
          <Field label={words.reason} hint={words.reasonHint}>
            {(ids) => (
              <input
                {...ids}
                maxLength={500}
                autoComplete="off"
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            )}
          </Field>
        )}
        <ProblemBox error={act.error} />
        <div className="form-end">
          <Button
            type="submit"
            kind={how === 'revoke' ? 'danger' : 'main'}
            busy={act.isBusy}
            whyNot={mayNot ?? (how === 'revoke' ? whyNotRevoke : whyNotDisable)}
          >
            {how === 'revoke' ? words.actRevoke : words.actDisable}
          </Button>
          <ButtonLink kind="quiet" to={paths.key.to(id)}>
            {words.cancel}
          </ButtonLink>
        </div>
      </fieldset>
    </form>
  )
}
