import { type CredentialSource, SourceUnavailableError } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { ChangesFeed } from '../changes/changes-feed.ts'
import type { Database } from '../db/database.ts'
import { isDatabaseUnavailable } from '../db/unavailable.ts'
import { spendQuotas } from '../limits/quota.store.ts'
import { recordsByHash } from './record.store.ts'

/** The verification kernel's source inside the server: the database itself. */
export function databaseSource(
  { db, verdicts }: Pick<Database, 'db' | 'verdicts'>,
  clock: Clock,
  feed: ChangesFeed,
  onUnreadable: (error: Error) => void,
): CredentialSource {
  return {
    lookup: (hashes) => asked(() => recordsByHash(verdicts, hashes, clock.now(), onUnreadable)),
    spendQuotas: (spends) => asked(() => spendQuotas(db, spends, clock.now())),
    follow: (listener) => feed.follow(listener),
  }
}

/** Queries the database; where it does not answer, throws a SourceUnavailableError. */
export async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (isDatabaseUnavailable(error))
      throw new SourceUnavailableError('the database does not answer', { cause: error })
    throw error
  }
}
