import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { type FirstNotice, firstNoticesOf } from './first-notice.store.ts'

/** The part of an event's detail about the notice before it; empty where there was none. */
export interface NoticeDetail {
  readonly first_notice_at?: string
  readonly first_notice_sent_at?: string | null
  readonly noticed_end?: string
}

/** Two ends closer together than this are one end, as for notices. */
const SAME_END_SECONDS = 24 * 3600

/** The first notice of an end that a change comes before: of a holder, for one of some causes. */
export async function noticeBefore(
  db: Db,
  holderId: string,
  causes: readonly string[],
  now: Date,
): Promise<NoticeDetail> {
  const notices = await firstNoticesOf(db, [holderId])
  return detailOf(notices.find(({ cause, endsAt }) => causes.includes(cause) && endsAt > now))
}

/** The first notices of ends that have come: of some holders, each with its end. */
export async function noticesOfEnds(
  db: Db,
  ended: readonly { readonly id: string; readonly endedAt: Date }[],
  cause: string,
): Promise<ReadonlyMap<string, NoticeDetail>> {
  const all = await firstNoticesOf(
    db,
    ended.map(({ id }) => id),
  )
  const ofHolder = Map.groupBy(all, ({ holderId }) => holderId)
  const details = ended.map(({ id, endedAt }) => {
    const from = addSeconds(endedAt, -SAME_END_SECONDS)
    const to = addSeconds(endedAt, SAME_END_SECONDS)
    const isOfEnd = (notice: FirstNotice) =>
      notice.cause === cause && notice.endsAt > from && notice.endsAt < to
    return [id, detailOf(ofHolder.get(id)?.find(isOfEnd))] as const
  })
  return new Map(details)
}

function detailOf(notice: FirstNotice | undefined): NoticeDetail {
  if (notice === undefined) return {}
  return {
    first_notice_at: notice.writtenAt.toISOString(),
    first_notice_sent_at: notice.sentAt?.toISOString() ?? null,
    noticed_end: notice.endsAt.toISOString(),
  }
}
