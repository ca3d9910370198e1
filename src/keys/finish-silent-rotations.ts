import { systemOrigin } from '../audit/audit-event.ts'
import type { Db } from '../db/schema.ts'
import { finishRotation } from '../secrets/rotate-secret.ts'
import { keysWithSilentSecret, lockSecretsOf } from '../secrets/secret.store.ts'
import { finishesBySilence, runningRotation } from '../secrets/secret.ts'
import { findKey, lockKey } from './key.store.ts'
import { whyNotFinishKeyRotation } from './key.ts'

const AT_ONCE = 500

/** Finishes the rotations of keys whose old secret has been silent for as long as their owners asked. */
export async function finishSilentRotations(db: Db, now: Date): Promise<void> {
  for (const id of await keysWithSilentSecret(db, now, AT_ONCE))
    await db.transaction().execute(async (tx) => {
      await lockKey(tx, 'every_owner', id)
      // From here on no use of either secret is stored.
      await lockSecretsOf(tx, [id])
      const key = await findKey(tx, 'every_owner', id)
      if (key === undefined || whyNotFinishKeyRotation(key, now) !== null) return
      const rotation = runningRotation(key.secrets, now)
      if (rotation !== null && finishesBySilence(rotation, now))
        await finishRotation(tx, systemOrigin(now), key, 'key', 'old_secret_silent')
    })
}
