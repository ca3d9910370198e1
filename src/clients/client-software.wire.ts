import { Type } from 'typebox'
import { iso, Moment, oneOf } from '../http/wire.ts'
import { CLIENT_SOURCES } from './client.ts'
import type { ClientSoftware } from './client-software.store.ts'

export const ClientSoftwareWire = Type.Object({
  data: Type.Array(
    Type.Object({
      source: oneOf(CLIENT_SOURCES),
      software: Type.String({
        description:
          "Host of the app's own document; with dynamic registration, the name that it gives itself",
      }),
      clients: Type.Integer({ description: 'Registrations that are not revoked' }),
      suspended: Type.Integer({ description: 'Of these' }),
      last_registered_at: Moment,
    }),
  ),
  at_least: Type.Boolean({
    description: 'true: only the newest registrations were grouped, and there are more',
  }),
})

export function toClientSoftwareWire({
  source,
  software,
  clients,
  suspended,
  lastRegisteredAt,
}: ClientSoftware) {
  return { source, software, clients, suspended, last_registered_at: iso(lastRegisteredAt) }
}
