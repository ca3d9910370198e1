import type { Db } from '../db/schema.ts'
import type { Facts } from './facts.ts'
import type { FindingHolderKind } from './finding.ts'
import { keyFacts } from './key-facts.store.ts'
import { adminKeyFacts, clientFacts, grantFacts, mailFacts } from './other-facts.store.ts'

/** Reads the facts of some holders of a kind. Those that do not exist any more are missing. */
export const FACTS_OF: Readonly<
  Record<FindingHolderKind, (db: Db, ids: readonly string[], now: Date) => Promise<Facts[]>>
> = {
  key: keyFacts,
  admin_key: adminKeyFacts,
  client: clientFacts,
  grant: grantFacts,
  mail: mailFacts,
}
