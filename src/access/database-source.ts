import { type CredentialSource, SourceUnavailableError } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { ChangesFeed } from '../changes/changes-feed.ts'
import type { Db } from '../db/schema.ts'
import { isDatabaseUnavailable } from '../db/unavailable.ts'
import { recordsByHash } from './record.store.ts'

/** The verification kernel's source inside the server: the database itself. */
export function databaseSource(db: Db, clock: Clock, feed: ChangesFeed): CredentialSource {
  return {
    lookup: async (hashes) => {
      try {
        return await recordsByHash(db, hashes, clock.now())
      } catch (error) {
        if (isDatabaseUnavailable(error))
          throw new SourceUnavailableError('the database does not answer', { cause: error })
        throw error
      }
    },
    follow: (listener) => feed.follow(listener),
  }
}
