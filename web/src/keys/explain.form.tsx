import { useState } from 'react'
import type { Static } from 'typebox'
import type { ExplanationQuestionWire, ExplanationWire } from '../../../src/usage/explanation.wire.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Time } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { oneKeyWords as words } from '../words/key.ts'
import { outcomeName } from '../words/outcomes.ts'

type Explanation = Static<typeof ExplanationWire>

/** Asks the rules that verify each call what they would say now, and why. */
export function ExplainForm({ id }: { readonly id: string }) {
  const [scopes, setScopes] = useState('')
  const [ip, setIp] = useState('')
  const [answer, setAnswer] = useState<Explanation | null>(null)
  const act = useAct()
  const ask = () =>
    act.ask(async () => {
      const named = scopes.split(/[\s,]+/).filter((each) => each !== '')
      setAnswer(
        await change<typeof ExplanationWire, typeof ExplanationQuestionWire>('POST', '/v1/explanations', {
          key_id: id,
          ...(named.length > 0 ? { scopes: named } : {}),
          ...(ip.trim() === '' ? {} : { client_ip: ip.trim() }),
        }),
      )
    })
  return (
    <form
      className="card explain"
      onSubmit={(event) => {
        event.preventDefault()
        void ask()
      }}
    >
      <div className="field-row">
        <Field label={words.whyScopes} hint={words.whyScopesHint}>
          {(ids) => (
            <input
              {...ids}
              autoComplete="off"
              value={scopes}
              onChange={(event) => setScopes(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.whyIp}>
          {(ids) => (
            <input {...ids} autoComplete="off" value={ip} onChange={(event) => setIp(event.target.value)} />
          )}
        </Field>
      </div>
      <div className="form-end">
        <Button type="submit" kind="quiet" busy={act.isBusy}>
          {words.whyAsk}
        </Button>
      </div>
      <ProblemBox error={act.error} />
      {answer !== null && <Explained answer={answer} />}
    </form>
  )
}

function Explained({ answer }: { readonly answer: Explanation }) {
  const { refusal, not_checked: left } = answer
  return (
    <Notice
      kind={refusal === null ? 'good' : 'alert'}
      title={refusal === null ? words.whyValid : outcomeName(refusal.reason)}
      isAnnounced
    >
      {refusal !== null && (
        <>
          <p>
            {refusal.message}{' '}
            {refusal.since !== null && (
              <span className="soft">
                {words.since} <Time at={refusal.since} />.
              </span>
            )}
          </p>
          <p>
            <strong>{words.fix}:</strong> {refusal.fix}
          </p>
        </>
      )}
      {left.length > 0 && (
        <p className="soft">{words.notChecked(left.map((each) => words.notCheckedNames[each] ?? each))}</p>
      )}
    </Notice>
  )
}
