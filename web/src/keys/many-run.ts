import { useRef, useState } from 'react'
import type { Static, TSchema } from 'typebox'
import type { BulkKeysWire } from '../../../src/keys/bulk-keys.wire.ts'
import { change } from '../api/request.ts'
import { type Act, useAct } from '../ui/use-act.ts'
import type { ManyRequest } from './change-many.ts'

export type Bulk = Static<typeof BulkKeysWire>
export type BulkItem = Bulk['data'][number]

/** Progress of a run: many keys are several requests. */
export interface DoneSoFar {
  readonly items: readonly BulkItem[]
  readonly batch: string | null
  /** Of the next request; null: all is done. */
  readonly token: string | null
  readonly remaining: number
}

export interface ManyRun {
  readonly foreseen: Bulk | null
  readonly done: DoneSoFar | null
  readonly act: Act
  /** Dry run; forgets an earlier run. */
  foresee(): Promise<unknown>
  /** Acts on the keys of the dry run, or goes on after a stop or a lost answer. */
  go(reason: string): Promise<unknown>
  /** Stops after the request under way. */
  stop(): void
}

/** Dry run, then as many requests as it takes. What was done is kept, so that a run that was cut off goes on where it was. */
export function useManyRun({ act: verb, body }: ManyRequest): ManyRun {
  const [foreseen, setForeseen] = useState<Bulk | null>(null)
  const [done, setDone] = useState<DoneSoFar | null>(null)
  const isStopped = useRef(false)
  const act = useAct()
  const send = (more: Readonly<Record<string, unknown>>, once: boolean) =>
    change<typeof BulkKeysWire, TSchema>('POST', `/v1/keys/bulk/${verb}`, { ...body, ...more }, { once })
  const foresee = () =>
    act.ask(async () => {
      setDone(null)
      setForeseen(null)
      setForeseen(await send({ dry_run: true }, false))
    })
  const go = (reason: string) =>
    act.run(async () => {
      isStopped.current = false
      let sofar = done ?? { items: [], batch: null, token: foreseen?.token ?? null, remaining: 0 }
      const said = verb === 'revoke' && reason !== '' ? { reason } : {}
      do {
        const { token } = sofar
        const answer = await send({ ...said, ...(token === null ? {} : { token }) }, true)
        sofar = {
          items: [...sofar.items, ...answer.data],
          batch: answer.batch_id,
          token: answer.next_token,
          remaining: answer.remaining,
        }
        setDone(sofar)
      } while (sofar.token !== null && !isStopped.current)
    })
  const stop = () => {
    isStopped.current = true
  }
  return { foreseen, done, act, foresee, go, stop }
}
