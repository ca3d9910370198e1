import { Type } from 'typebox'
import { idOf, iso, Moment, nullable } from '../http/wire.ts'
import type { ListedSession } from './session.ts'

export const SessionId = idOf('ses')

export const SessionWire = Type.Object({
  id: Type.String(),
  created_at: Moment,
  authenticated_at: Moment,
  last_seen_at: { ...Moment, description: 'Up to five minutes late' },
  expires_at: { ...Moment, description: 'The latest end; a session without requests for a day ends earlier' },
  ip: nullable(Type.String({ description: 'From where the session was begun' })),
  user_agent: nullable(Type.String({ description: 'As the browser said it when the session was begun' })),
})

export const EndedSessionsWire = Type.Object({ ended: Type.Integer({ description: 'How many' }) })

export function toSessionWire(session: ListedSession) {
  return {
    id: session.id,
    created_at: iso(session.createdAt),
    authenticated_at: iso(session.authenticatedAt),
    last_seen_at: iso(session.seenAt),
    expires_at: iso(session.expiresAt),
    ip: session.ip,
    user_agent: session.userAgent,
  }
}
