import { addSeconds } from '../../base/clock.ts'
import { forgetUnusedClients } from '../../clients/registration/unregistered-client.store.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { Db } from '../../db/schema.ts'

/** A client that nobody registered, and that nobody allowed anything for so long, is forgotten. */
const UNUSED_SECONDS = 7 * 86_400
/** What is over is kept a little longer, so that the log can still say why it was refused. */
const KEPT_SECONDS = 86_400
/** Anybody can begin to ask, without a client's secret and without signing in: what nobody answered says nothing later. */
const KEPT_REQUEST_SECONDS = 600

/**
 * Forgets what can be presented no more: in short statements by index, which hold nothing up. A code or a refresh token
 * that was spent is kept for as long as it would have lived, so that its second use is noticed. Grants stay.
 */
export async function pruneOAuth(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -KEPT_SECONDS)
  await forgetUnusedClients(db, addSeconds(now, -UNUSED_SECONDS))
  await forgetBefore(db, 'authorization_requests', 'expires_at', addSeconds(now, -KEPT_REQUEST_SECONDS))
  for (const table of ['authorization_codes', 'access_tokens', 'refresh_tokens', 'token_families'] as const)
    await forgetBefore(db, table, 'expires_at', before)
}
