import type { Visit } from '../pages/visit.ts'
import type { Origin } from './audit-event.ts'

export function originOfStaff({ ip, requestId, now }: Visit, staffId: string): Origin {
  return { actor: { kind: 'staff', id: staffId }, ip, requestId, now }
}

/** @param userId the user who is signed in; null if none is */
export function originOfVisit({ ip, requestId, now }: Visit, userId: string | null): Origin {
  return { actor: { kind: userId === null ? 'anonymous' : 'user', id: userId }, ip, requestId, now }
}
