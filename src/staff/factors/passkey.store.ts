import { forgetBefore } from '../../db/in-batches.ts'
import type { Db, Tx } from '../../db/schema.ts'

/** A passkey as it is needed to check an answer. */
export interface StoredPasskey {
  readonly id: string
  readonly staffId: string
  readonly credentialId: Uint8Array
  readonly publicKey: Uint8Array
  readonly counter: number
  readonly isBackedUp: boolean
}

export interface NewPasskey extends StoredPasskey {
  readonly transports: readonly string[]
  readonly name: string
}

/** @returns false where the credential is enrolled already */
export async function insertPasskey(tx: Tx, passkey: NewPasskey, now: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('staff_passkeys')
    .values({
      ...{ id: passkey.id, staff_id: passkey.staffId, credential_id: passkey.credentialId },
      ...{ public_key: passkey.publicKey, counter: passkey.counter, transports: [...passkey.transports] },
      ...{ is_backed_up: passkey.isBackedUp, name: passkey.name, created_at: now, used_at: now },
    })
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export async function findPasskey(db: Db, credentialId: Uint8Array): Promise<StoredPasskey | undefined> {
  const row = await db
    .selectFrom('staff_passkeys')
    .selectAll()
    .where('credential_id', '=', credentialId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    ...{ id: row.id, staffId: row.staff_id, credentialId: row.credential_id, publicKey: row.public_key },
    ...{ counter: Number(row.counter), isBackedUp: row.is_backed_up },
  }
}

/** Credential ids of a member, for the browser. */
export async function credentialIdsOf(
  db: Db,
  staffId: string,
): Promise<readonly { readonly credentialId: Uint8Array; readonly transports: readonly string[] }[]> {
  return await db
    .selectFrom('staff_passkeys')
    .select(['credential_id as credentialId', 'transports'])
    .where('staff_id', '=', staffId)
    .orderBy('created_at')
    .execute()
}

/** Notes a use. @returns false where the passkey was removed meanwhile */
export async function notePasskeyUse(
  tx: Tx,
  id: string,
  { counter, isBackedUp }: Pick<StoredPasskey, 'counter' | 'isBackedUp'>,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('staff_passkeys')
    .set({ counter, is_backed_up: isBackedUp, used_at: now })
    .where('id', '=', id)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** A challenge of ours that is still open. */
export interface OpenChallenge {
  readonly hash: Uint8Array
  readonly expiresAt: Date
}

/** Spends a challenge. @returns false where it is spent; of racing requests one succeeds */
export async function spendChallenge(tx: Tx, { hash, expiresAt }: OpenChallenge): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('staff_spent_challenges')
    .values({ hash, expires_at: expiresAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export async function pruneSpentChallenges(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'staff_spent_challenges', 'expires_at', now)
}
