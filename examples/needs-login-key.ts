import { styleText } from 'node:util'
import type { Settings } from './settings.ts'

/** The own login has no key, and none can be created. */
export function needsLoginKey({ commandPrefix, isEmbedded, dataDir }: Settings): string {
  return `\
  The own login has no admin key yet. Start once more with an admin key that holds all permissions,
  and it gets one:
    ${styleText('bold', `${commandPrefix}DOORWARD_ADMIN_KEY=ak_… npm run start:own-login`)}

  No such admin key left? Create one first:
    ${styleText('bold', `${commandPrefix}npm run admin-key`)}${isEmbedded ? `\n\n  Or begin again, without the data:\n    ${styleText('bold', `rm -r ${dataDir}`)}` : ''}`
}
