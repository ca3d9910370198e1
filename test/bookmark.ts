import { changesAfter, lastBookmark } from '../src/changes/change.store.ts'
import type { Bookmark, ChangesRead } from '../src/changes/change.ts'
import type { Db } from '../src/db/schema.ts'

/** The position after a change of this database; 0: before the first. */
export async function bookmarkAt(db: Db, position: number): Promise<Bookmark> {
  const { run } = await lastBookmark(db)
  const change = await db
    .selectFrom('changes')
    .select('token')
    .where('position', '=', position)
    .executeTakeFirst()
  const head = await db.selectFrom('changes_head').select('pruned_token').executeTakeFirstOrThrow()
  return { position, token: change?.token ?? head.pruned_token, run }
}

/** Makes the bookmark of a position in this database. */
export async function changesSince(db: Db, position: number): Promise<ChangesRead> {
  return await changesAfter(db, await bookmarkAt(db, position), 1_000)
}
