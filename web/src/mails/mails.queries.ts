import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import type {
  DeliveryDetailWire,
  DeliveryPage,
  DeliveryWire,
  MailServerWire,
} from '../../../src/notices/mail.wire.ts'
import { get, type Search } from '../api/request.ts'

export type Mail = Static<typeof DeliveryWire>
export type MailDetail = Static<typeof DeliveryDetailWire>

const WAITING_EVERY_MS = 5_000

export function mailsQuery(query: Search) {
  return infiniteQueryOptions({
    queryKey: ['mails', query],
    queryFn: ({ signal, pageParam }) =>
      get<typeof DeliveryPage>('/v1/mails', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // A test mail is waited for.
    refetchInterval: ({ state: { data } }) =>
      data?.pages[0]?.data.some(({ state }) => state === 'waiting') === true ? WAITING_EVERY_MS : false,
  })
}

export function mailQuery(id: string) {
  return queryOptions({
    queryKey: ['mails', id],
    queryFn: ({ signal }) => get<typeof DeliveryDetailWire>(`/v1/mails/${id}`, { signal }),
  })
}

export const mailServerQuery = queryOptions({
  queryKey: ['mail-server'],
  queryFn: ({ signal }) => get<typeof MailServerWire>('/v1/mail-server', { signal }),
})
