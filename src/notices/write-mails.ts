import type { Db, Tx } from '../db/schema.ts'
import { ownerNames } from '../owners/owner.store.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { endsByRule } from './ends-by-rule.store.ts'
import { addressesOfMakers, administrators, contactsOf, noticeHolders } from './holder.store.ts'
import { insertMail } from './mail.store.ts'
import { deleteNotices, lockPending, ownersToMail, setMailed } from './notice.store.ts'
import { isByRule, isLeftToItsProgram, type Notice, noticeOf } from './notice.ts'
import { type NoticeTiers, noticeTiers } from './notice-tiers.ts'
import { contentOf, type ToldNotice } from './notice-words.ts'

const OWNERS_AT_ONCE = 200
/** Notices of one mail: it names the nearest ends, and counts the others. */
const NOTICES_OF_MAIL = 2_000
const MAX_ADMINISTRATORS = 10

/**
 * Writes the mails for notices that are due: one for the contacts of an owner, with all that is due within a day, and one
 * for each maker. Notices and mails are stored in one transaction for each owner, so neither is without the other.
 */
export async function writeMails(db: Db, now: Date): Promise<void> {
  const tiers = await noticeTiers(db)
  for (const ownerId of await ownersToMail(db, now, OWNERS_AT_ONCE))
    await db.transaction().execute((tx) => writeMailsOf(tx, ownerId, tiers, now))
}

async function writeMailsOf(tx: Tx, ownerId: string | null, tiers: NoticeTiers, now: Date): Promise<void> {
  const pending = await lockPending(tx, ownerId, NOTICES_OF_MAIL)
  const told = await stillTrue(tx, pending, tiers, now)
  const kept = new Set(told.map(({ notice }) => notice.id))
  await deleteNotices(
    tx,
    pending.flatMap(({ id }) => (kept.has(id) ? [] : [id])),
  )
  if (told.length === 0) return
  const makers = await addressesOfMakers(
    tx,
    [...new Set(told.map(({ holder }) => holder.createdBy))],
    ownerId,
  )
  const contacts = await contactsFor(tx, ownerId, makers)
  const ownerName = ownerId === null ? null : ((await ownerNames(tx, [ownerId])).get(ownerId) ?? ownerId)
  let mailId: string | null = null
  if (contacts.length > 0 || makers.size === 0) {
    const content = contentOf(told, told.length, { ownerName, audience: 'contacts' }, now)
    mailId = (await insertMail(tx, { kind: 'notices', ownerId, content }, contacts, now)).mailId
  }
  for (const [makerId, address] of makers) {
    if (contacts.includes(address)) continue
    const own = told.filter(({ holder }) => holder.createdBy === makerId)
    const content = contentOf(own, own.length, { ownerName, audience: 'maker' }, now)
    const mail = await insertMail(tx, { kind: 'notices', ownerId, content }, [address], now)
    mailId ??= mail.mailId
  }
  if (mailId !== null) await setMailed(tx, [...kept], mailId, now)
}

/** The owner's contacts. What is the API provider's own goes to its maker, or to administrators where the maker has left. */
async function contactsFor(
  tx: Tx,
  ownerId: string | null,
  makers: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  if (ownerId !== null) return [...new Set(await contactsOf(tx, ownerId))]
  return makers.size > 0 ? [] : await administrators(tx, MAX_ADMINISTRATORS)
}

/** Those of the notices that are right at this moment: a key may have been rotated, revoked or extended since its claim. */
async function stillTrue(
  tx: Tx,
  pending: readonly Notice[],
  tiers: NoticeTiers,
  now: Date,
): Promise<ToldNotice[]> {
  const holderIds = [...new Set(pending.map(({ holderId }) => holderId))]
  const holders = await noticeHolders(tx, holderIds)
  const secretsOfHolder = Map.groupBy(await secretsOf(tx, holderIds), ({ holderId }) => holderId)
  const byRule = await endsByRule(tx, holderIds)
  return pending.flatMap((notice) => {
    const holder = holders.get(notice.holderId)
    const secrets = secretsOfHolder.get(notice.holderId) ?? []
    if (holder === undefined || holder.isStopped) return []
    if (isLeftToItsProgram(notice.cause, holder, secrets, now)) return []
    if (isByRule(notice.cause)) {
      const endsAt = byRule.get(notice.holderId)?.[notice.cause]
      const isSame = endsAt?.getTime() === notice.endsAt.getTime() && notice.endsAt > now
      return isSame ? [{ notice, holder, secrets }] : []
    }
    const secret = secrets.find(({ id }) => id === notice.subjectId)
    const found = secret && noticeOf(secret, secrets, tiers.of(holder), now)
    const isSame = found?.cause === notice.cause && found.endsAt.getTime() === notice.endsAt.getTime()
    return isSame ? [{ notice, holder, secrets }] : []
  })
}
