import { readIpRanges } from '@doorward/sdk/kernel'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { type ChosenLimits, whyNotLimits } from '../owners/check-limits.ts'
import { whyNotGrantable } from '../scopes/grantable.ts'
import { holdCatalogue } from '../scopes/scope.store.ts'
import { MAX_METADATA_BYTES } from './key.ts'

/** Settings of a key that a caller may choose, at creation and later. */
export interface Chosen extends ChosenLimits {
  readonly scopes?: readonly string[] | undefined
  readonly ipAllowlist?: readonly string[] | null | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly selfRotation?: boolean | undefined
  /** Needs self-rotation, and ends with it. */
  readonly autoRotateAfterDays?: number | null | undefined
}

/**
 * The fault in the chosen settings, or null.
 *
 * @param held scopes that the key already has, or had lately: they may have been deprecated since
 * @param rotatesItself as the key is, where the settings do not say it
 */
export async function whyNotChoose(
  tx: Tx,
  caller: Caller,
  chosen: Chosen,
  held: readonly string[] = [],
  rotatesItself = false,
): Promise<Problem | null> {
  if (chosen.scopes !== undefined) {
    const fault = whyNotGrantable(chosen.scopes, await holdCatalogue(tx), held)
    if (fault !== null) return fault
  }
  if (chosen.ipAllowlist != null) {
    const ranges = readIpRanges(chosen.ipAllowlist)
    if ('fault' in ranges) return problem('invalid_ip_range', `The allow-list ${ranges.fault}.`)
  }
  const bytes = chosen.metadata === undefined ? 0 : Buffer.byteLength(JSON.stringify(chosen.metadata))
  if (bytes > MAX_METADATA_BYTES)
    return problem(
      'metadata_too_large',
      `It takes ${bytes} bytes as JSON; ${MAX_METADATA_BYTES} are allowed.`,
    )
  if (chosen.autoRotateAfterDays != null && !(chosen.selfRotation ?? rotatesItself))
    return problem('invalid_request', '`auto_rotate_after_days` needs `self_rotation`: set it too.')
  return whyNotLimits(chosen, caller)
}
