import { sql } from 'kysely'
import { momentOf } from '../base/moment.ts'
import type { Tx } from '../db/schema.ts'
import type { PersonJson } from '../db/user-tables.ts'
import type { Person } from './person.ts'

/** A user of the external login as stored in the database. */
export function toPersonJson({ userId, displayName, owners, authenticatedAt }: Person): string {
  return JSON.stringify({
    user_id: userId,
    display_name: displayName,
    owners,
    authenticated_at: authenticatedAt.toISOString(),
  } satisfies PersonJson)
}

export function fromPersonJson(json: PersonJson | null): Person | null {
  if (json === null) return null
  return {
    userId: json.user_id,
    displayName: json.display_name,
    email: null,
    owners: json.owners,
    authenticatedAt: momentOf(json.authenticated_at),
  }
}

/** Removes an owner from what the external login stated of a user, in sessions and challenges. @returns false: nowhere there */
export async function forgetOwnerOfPerson(tx: Tx, ownerId: string, userId: string): Promise<boolean> {
  const has = sql<boolean>`person->'owners' @> jsonb_build_array(jsonb_build_object('id', ${ownerId}::text))`
  const without = sql<string>`jsonb_set(person, '{owners}', (
    select coalesce(jsonb_agg(owner), '[]') from jsonb_array_elements(person->'owners') as owner
    where owner->>'id' <> ${ownerId}))`
  const sessions = await tx
    .updateTable('sessions')
    .set({ person: without })
    .where('user_id', '=', userId)
    .where(has)
    .executeTakeFirst()
  const challenges = await tx
    .updateTable('login_challenges')
    .set({ person: without })
    .where(sql<boolean>`person->>'user_id' = ${userId}`)
    .where(has)
    .executeTakeFirst()
  return sessions.numUpdatedRows + challenges.numUpdatedRows > 0n
}
