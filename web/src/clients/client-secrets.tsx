import { useState } from 'react'
import type { ClientWire, IssuedClientWire } from '../../../src/clients/client.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Field } from '../ui/field.tsx'
import { Badge, Notice, Section } from '../ui/notice.tsx'
import { FullTime, Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { clientWords as words } from '../words/clients.ts'
import { type Client, clientPath } from './clients.queries.ts'

type Secret = Client['secrets'][number]

const KINDS: Readonly<Record<Secret['state'], 'good' | 'warn' | 'plain'>> = {
  live: 'good',
  retiring: 'warn',
  ended: 'plain',
}

const COLUMNS: readonly Column<Secret>[] = [
  { id: 'hint', head: words.secret, cell: ({ hint }) => <code>{hint}</code> },
  {
    id: 'state',
    head: words.state,
    cell: ({ state }) => <Badge kind={KINDS[state]}>{words.secretStates[state]}</Badge>,
  },
  { id: 'created', head: words.created, cell: (secret) => <Time at={secret.created_at} /> },
  {
    id: 'used',
    head: words.secretLastUsed,
    cell: (secret) => <Time at={secret.last_used_at} ifNone={appWords.unknown} />,
  },
  {
    id: 'from',
    head: words.secretFrom,
    cell: ({ last_used_ip: ip, last_used_user_agent: agent }) => (
      <>
        {ip !== null && <code>{ip}</code>} <span className="soft">{agent}</span>
      </>
    ),
  },
  {
    id: 'ends',
    head: words.secretEnds,
    cell: ({ retires_at, expires_at }) => <Time at={retires_at ?? expires_at} />,
  },
]

interface SecretsParts {
  readonly client: Client
  readonly act: string | undefined
  readonly onAsk: (act: string | undefined) => void
  readonly onSecret: (secret: string) => void
}

/** Secrets of a client by hint, and their rotation. */
export function ClientSecrets({ client, act, onAsk, onSecret }: SecretsParts) {
  const { client_id: id, secrets, rotation, state } = client
  const whyNot = useWhyNot()
  const usesSecret = client.token_endpoint_auth_method.startsWith('client_secret')
  if (!usesSecret && secrets.length === 0)
    return (
      <Section title={words.secrets}>
        <p className="soft">{words.noSecret}</p>
      </Section>
    )
  const close = () => onAsk(undefined)
  const send = (verb: string) => async () => {
    await change<typeof ClientWire>('POST', clientPath(id, `/rotation/${verb}`), {})
  }
  const isOver = state === 'revoked'
  return (
    <Section
      title={words.secrets}
      lead={words.secretsLead}
      actions={
        !isOver &&
        usesSecret && (
          <Button
            kind="quiet"
            whyNot={whyNot('clients:write') ?? (rotation === null ? null : words.running)}
            onClick={() => onAsk('rotate')}
          >
            {secrets.length === 0 ? words.firstSecret : words.rotate}
          </Button>
        )
      }
    >
      {rotation !== null && (
        <Notice kind={rotation.safe_to_finish ? 'good' : 'warn'} title={words.rotationTitle}>
          <p>
            {rotation.safe_to_finish ? words.safe : words.notSafe}: {rotation.advice}
          </p>
          <p>
            {words.rotationEnds} <FullTime at={rotation.ends_at} />.
          </p>
          <div className="notice-end">
            <Button kind="quiet" whyNot={whyNot('clients:write')} onClick={() => onAsk('finish')}>
              {words.finish}
            </Button>
            <Button kind="quiet" whyNot={whyNot('clients:write')} onClick={() => onAsk('undo')}>
              {words.undo}
            </Button>
          </div>
        </Notice>
      )}
      <DataTable caption={words.secretsCaption} columns={COLUMNS} rows={secrets} idOf={(each) => each.id} />
      {act === 'rotate' && rotation === null && !isOver && (
        <RotateDialog id={id} whyNot={whyNot('clients:write')} onClose={close} onSecret={onSecret} />
      )}
      {(act === 'finish' || act === 'undo') && rotation !== null && (
        <ActDialog
          title={act === 'finish' ? words.finishTitle : words.undoTitle}
          act={act === 'finish' ? words.finishAct : words.undoAct}
          isDangerous={act === 'finish' && !rotation.safe_to_finish}
          whyNot={whyNot('clients:write')}
          onClose={close}
          onAct={send(act)}
        >
          <p>{act === 'finish' ? words.finishWords : words.undoWords}</p>
          {act === 'finish' && <p>{rotation.advice}</p>}
        </ActDialog>
      )}
    </Section>
  )
}

interface RotateParts {
  readonly id: string
  readonly whyNot: string | null
  readonly onClose: () => void
  readonly onSecret: (secret: string) => void
}

const A_DAY = '86400'

function RotateDialog({ id, whyNot, onClose, onSecret }: RotateParts) {
  const [overlap, setOverlap] = useState(A_DAY)
  return (
    <ActDialog
      title={words.rotateTitle}
      act={words.rotateAct}
      whyNot={whyNot}
      onClose={onClose}
      onAct={async () => {
        const body = { overlap_seconds: Number(overlap) }
        const made = await change<typeof IssuedClientWire>('POST', clientPath(id, '/rotate'), body, {
          once: true,
        })
        onClose()
        if (made.client_secret !== undefined) onSecret(made.client_secret)
        return false
      }}
    >
      <p>{words.rotateWords}</p>
      <Field label={words.overlap}>
        {(ids) => (
          <select {...ids} value={overlap} onChange={(event) => setOverlap(event.target.value)}>
            {words.overlaps.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
    </ActDialog>
  )
}
