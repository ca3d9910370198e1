import { adminKeyAuthenticator } from '../src/admin-keys/authenticate-admin-key.ts'
import { KnownAdminKeys } from '../src/admin-keys/known-admin-keys.ts'
import { RefusedAttempts } from '../src/audit/refused-attempts.ts'
import { openLog } from '../src/http/log.ts'
import type { Authenticator } from '../src/management/authenticator.ts'
import { ChangeLimit } from '../src/management/change-limit.ts'
import type { Pipeline } from '../src/management/pipeline.ts'
import { slotsFor } from '../src/management/slots.ts'
import type { TestApp } from './app.ts'

/** A pipeline for a server that a test builds itself, on the database and clock of its app. */
export function pipelineOf({ db, clock }: TestApp, ...more: Authenticator[]): Pipeline {
  return {
    db,
    clock,
    authenticators: [adminKeyAuthenticator(new KnownAdminKeys(db, clock)), ...more],
    publicOrigin: 'http://doorward.test',
    trustedProxies: null,
    ...slotsFor(8),
    changeLimit: new ChangeLimit(clock),
    refusedAttempts: new RefusedAttempts(db, openLog('silent')),
    onExposed: () => {},
    onChanged: async () => {},
  }
}
