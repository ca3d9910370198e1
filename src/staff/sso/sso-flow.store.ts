import { addSeconds } from '../../base/clock.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { Db } from '../../db/schema.ts'
import { FLOW_SECONDS, type SsoFlow, type SsoPurpose } from './single-sign-on.ts'

/** Names a flow: the browser's cookie, and the `state` that comes back from the provider. */
export interface FlowHashes {
  readonly hash: Uint8Array
  readonly stateHash: Uint8Array
}

export async function insertFlow(db: Db, { hash, stateHash }: FlowHashes, flow: SsoFlow): Promise<void> {
  const { version, purpose, returnTo, createdAt } = flow
  await db
    .insertInto('sso_flows')
    .values({
      hash,
      state_hash: stateHash,
      version,
      purpose: purpose.kind,
      session_id: 'sessionId' in purpose ? purpose.sessionId : null,
      link_hash: 'linkHash' in purpose ? purpose.linkHash : null,
      return_to: returnTo,
      created_at: createdAt,
      expires_at: addSeconds(createdAt, FLOW_SECONDS),
    })
    .execute()
}

/** Spends a flow: of racing requests with it one goes on. Another `state` spends nothing. */
export async function spendFlow(
  db: Db,
  { hash, stateHash }: FlowHashes,
  now: Date,
): Promise<SsoFlow | undefined> {
  const row = await db
    .updateTable('sso_flows')
    .set({ spent_at: now })
    .where('hash', '=', hash)
    .where('state_hash', '=', stateHash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { version, purpose: kind, session_id: sessionId, link_hash: linkHash } = row
  return {
    version,
    purpose: purposeOf(kind, sessionId, linkHash),
    returnTo: row.return_to,
    createdAt: row.created_at,
  }
}

function purposeOf(
  kind: SsoPurpose['kind'],
  sessionId: string | null,
  linkHash: Uint8Array | null,
): SsoPurpose {
  switch (kind) {
    case 'sign_in':
      return { kind }
    case 'accept':
      return { kind, linkHash: linkHash ?? new Uint8Array() }
    case 'connect':
    case 'confirm':
      return { kind, sessionId: sessionId ?? '' }
  }
}

export async function pruneSsoFlows(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'sso_flows', 'expires_at', now)
}
