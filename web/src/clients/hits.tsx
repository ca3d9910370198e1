import { boundedWords } from '../ui/count-words.ts'
import { Time } from '../ui/time.tsx'
import { clientWords as words } from '../words/clients.ts'
import type { ClientImpact } from './clients.queries.ts'

/** Whom it hits if the client stops. */
export function Hits({ impact }: { readonly impact: ClientImpact }) {
  const { users, owners, used_last_day, last_used_at } = impact
  if (users.count === 0) return <p>{words.hitsNobody}</p>
  return (
    <ul>
      <li>{words.hits(boundedWords(users), boundedWords(owners))}</li>
      <li>{words.hitsUsed(boundedWords(used_last_day))}</li>
      {last_used_at !== null && (
        <li>
          {words.lastUsed} <Time at={last_used_at} />
        </li>
      )}
    </ul>
  )
}
