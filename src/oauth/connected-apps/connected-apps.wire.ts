import { iso } from '../../http/wire.ts'
import type { ShownApp } from './connected-apps.page.ts'

/**
 * One connected app in one workspace, as JSON. To reduce or remove it, post a form to the page's own path, as the
 * page does: `app` (the id), `csrf_token`, and `decision` = `remove`, or `reduce` with a `scope` for each that stays.
 */
export function toAppWire({ grant, ownerName, scopes }: ShownApp, csrfToken: string) {
  return {
    id: grant.id,
    client_id: grant.clientId,
    client_name: grant.clientName,
    owner_id: grant.ownerId,
    owner_name: ownerName,
    scopes,
    is_stopped: grant.isClientStopped,
    first_granted_at: iso(grant.createdAt),
    last_used_at: iso(grant.lastUsedAt),
    csrf_token: csrfToken,
  }
}
