import type { Db, Tx } from '../../db/schema.ts'
import { findSingleSignOn, holdSingleSignOn } from './single-sign-on.store.ts'

/** Place of single sign-on among the ways to sign in. `required`: every other one is refused. */
export type SsoOffer = 'off' | 'offered' | 'required'

export async function ssoOfferOf(db: Db): Promise<SsoOffer> {
  const found = await findSingleSignOn(db)
  if (found === undefined) return 'off'
  return found.requiredSince === null ? 'offered' : 'required'
}

/**
 * True where a sign-in without single sign-on is refused. The answer holds until the transaction ends: requiring it waits,
 * and then ends the session that this transaction begins.
 */
export async function isSsoRequired(tx: Tx): Promise<boolean> {
  const found = await holdSingleSignOn(tx)
  return found !== undefined && found.requiredSince !== null
}
