import type { Visit } from '../pages/visit.ts'
import type { Origin } from './audit-event.ts'

/** @param userId the user who is signed in; null if none is */
export function originOfVisit({ ip, requestId, now }: Visit, userId: string | null): Origin {
  return { actor: { kind: userId === null ? 'anonymous' : 'user', id: userId }, ip, requestId, now }
}
