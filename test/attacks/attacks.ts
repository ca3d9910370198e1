import type { Attack, Finding } from './attack.ts'
import { CODE_ATTACKS } from './code-attacks.ts'
import { ENDPOINT_ATTACKS } from './endpoint-attacks.ts'
import { REQUEST_ATTACKS } from './request-attacks.ts'
import type { Target } from './target.ts'

export const ATTACKS: readonly Attack[] = [...REQUEST_ATTACKS, ...CODE_ATTACKS, ...ENDPOINT_ATTACKS]

/** Runs one attack; a failure of the attack itself is reported as such, and never counts as held. */
export async function attack({ run }: Attack, target: Target): Promise<Finding> {
  try {
    return await run(target)
  } catch (error) {
    return { outcome: 'not_made', why: String(error instanceof Error ? error.message : error).slice(0, 200) }
  }
}
