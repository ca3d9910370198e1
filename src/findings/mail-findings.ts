import type { Db, Tx } from '../db/schema.ts'
import { administrators, contactsOf } from '../notices/holder.store.ts'
import { insertMail } from '../notices/mail.store.ts'
import { ownerNames } from '../owners/owner.store.ts'
import { findSettings, namesOfHolders } from './finding.store.ts'
import { claimWeek, openByKind, ownersToTell, PROVIDER } from './finding-mail.store.ts'
import { findingsContent } from './finding-words.ts'

const OWNERS_AT_ONCE = 200
const MAX_ADMINISTRATORS = 10

/**
 * Writes the weekly mails about open findings: to the contacts of each owner, and to administrators about what is the
 * API provider's own. The week is claimed in the transaction that writes the mail, so there is one over all servers.
 */
export async function mailFindings(db: Db, now: Date): Promise<void> {
  const { weeklyMail } = await findSettings(db)
  if (!weeklyMail) return
  const tell = (ownerId: string) => db.transaction().execute((tx) => mailFindingsOf(tx, ownerId, now))
  await tell(PROVIDER)
  for (let after = '', isMore = true; isMore; ) {
    const ownerIds = await ownersToTell(db, after, now, OWNERS_AT_ONCE)
    for (const ownerId of ownerIds) await tell(ownerId)
    after = ownerIds.at(-1) ?? after
    isMore = ownerIds.length === OWNERS_AT_ONCE
  }
}

async function mailFindingsOf(tx: Tx, ownerId: string, now: Date): Promise<void> {
  const told = await openByKind(tx, ownerId, now)
  if (told.length === 0) return
  const isProvider = ownerId === PROVIDER
  const recipients = isProvider
    ? await administrators(tx, MAX_ADMINISTRATORS)
    : [...new Set(await contactsOf(tx, ownerId))]
  if (recipients.length === 0 || !(await claimWeek(tx, ownerId, now))) return
  const names = await namesOfHolders(tx, [...new Set(told.flatMap(({ holderIds }) => holderIds))])
  const ownerName = isProvider ? null : ((await ownerNames(tx, [ownerId])).get(ownerId) ?? ownerId)
  const content = findingsContent(told, names, ownerName)
  await insertMail(tx, { kind: 'findings', ownerId: isProvider ? null : ownerId, content }, recipients, now)
}
