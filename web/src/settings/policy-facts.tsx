import { Facts } from '../ui/notice.tsx'
import { policyWords as words } from '../words/policies.ts'
import type { EnvironmentPolicy } from './policy.queries.ts'
import { RULES } from './policy-draft.part.ts'

/** The rules as they hold, each with where it comes from if that is not the environment. */
export function PolicyFacts({ policy }: { readonly policy: EnvironmentPolicy }) {
  return (
    <Facts
      facts={RULES.map((name) => {
        const { value, from } = policy.rules[name]
        // Where there is no rule, it comes from nowhere.
        const origin = value === null || typeof value === 'boolean' ? '' : (words.from[from] ?? from)
        return [
          words.rules[name],
          <span key={name}>
            {words.value(name, value)}
            {origin !== '' && <span className="soft"> ({origin})</span>}
          </span>,
        ] as const
      })}
    />
  )
}
