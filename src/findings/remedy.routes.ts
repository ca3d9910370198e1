import type { FastifyInstance } from 'fastify'
import { yes } from '../base/result.ts'
import { idOf, strictObject } from '../http/wire.ts'
import { changes, type Pipeline } from '../management/pipeline.ts'
import { applyRemedy } from './apply-remedy.ts'
import { AskedRemedyWire, fromAskedRemedyWire, RemediedWire, toRemediedWire } from './remedy.wire.ts'
import type { RemedyParts } from './remedy-parts.ts'

/** The operation that does what a finding calls for. It needs the permission of the act too. */
export function remedyRoutes(app: FastifyInstance, pipeline: Pipeline, parts: RemedyParts): void {
  const apply = {
    id: 'applyRemedy',
    method: 'POST',
    url: '/v1/findings/:id/remedy',
    permission: 'findings:read',
    withinEnvironments: true,
    tag: 'Findings',
    summary:
      'Do what a finding calls for; with `dry_run`, say what would change and which callers it would hit',
    params: strictObject({ id: idOf('fnd') }),
    body: AskedRemedyWire,
    status: 200,
    answer: RemediedWire,
    problems: [
      'not_found',
      'remedy_not_applicable',
      'finding_gone',
      'finding_changed',
      'fresh_proof_required',
      'exceeds_authority',
      'key_revoked',
      'key_expired',
      'key_disabled',
      'owner_suspended',
      'deprecated_scope',
      'expiry_in_past',
      'lifetime_too_long',
      'never_expires_not_allowed',
      'ip_allowlist_required',
      'invalid_ip_range',
      'overlap_too_long',
      'rotation_running',
      'no_rotation',
      'client_revoked',
      'client_without_secret',
      'last_full_admin_key',
    ],
    idempotent: true,
  } as const
  changes(app, pipeline, apply, async ({ db, caller, params: { id }, body }) => {
    const asked = fromAskedRemedyWire(body)
    if (!asked.ok) return asked
    const done = await applyRemedy(db, caller, parts, id, asked.value)
    return done.ok ? yes(toRemediedWire(done.value, asked.value.dryRun)) : done
  })
}
