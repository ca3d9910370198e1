import type { Secret } from '@doorward/sdk/kernel'
import type { Result } from '../base/result.ts'
import type { ClientSettings } from '../clients/create-client.ts'
import type { RevokeGrants } from '../clients/suspend-client.ts'
import type { Tx } from '../db/schema.ts'
import type { Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import type { Finding } from './finding.ts'
import type { Remedy } from './remedy.ts'
import type { Standing, Uses } from './remedy-effect.ts'

/** Settings by which the acts themselves work. */
export interface RemedyParts extends ClientSettings {
  readonly revokeGrants: RevokeGrants
}

/** Choices of a remedy. Each belongs to one or two remedies. */
export interface RemedyChoices {
  /** `pin_addresses`; undefined: all addresses that were accepted. */
  readonly ipAllowlist?: readonly string[] | undefined
  /** `set_expiry`. */
  readonly expiresAt?: Date | undefined
  /** `rotate`; undefined: as usual, and none for a secret that is exposed. */
  readonly overlapSeconds?: number | undefined
  /** `suspend` and `revoke`. */
  readonly reason?: string | undefined
}

/** A remedy as it is carried out: by the use case of the act itself. @returns the secret that it has minted */
export type Act = (
  tx: Tx,
  caller: Caller,
  parts: RemedyParts,
  finding: Finding,
  choices: RemedyChoices,
) => Promise<Result<Secret | null, Problem>>

/** One kind of holder: how it is read, and its acts. */
export interface HolderActs {
  read(tx: Tx, caller: Caller, id: string): Promise<Standing | undefined>
  usesOf(tx: Tx, caller: Caller, id: string): Promise<Uses>
  readonly acts: Readonly<Partial<Record<Remedy, Act>>>
}

/** The reason that is recorded where none is given. */
export function reasonFor({ kind }: Finding, { reason }: RemedyChoices): string {
  return reason ?? `remedy of the finding ${kind}`
}

/** Overlap of a rotation: an exposed secret gets none, unless it is asked for. */
export function overlapFor({ kind }: Finding, { overlapSeconds }: RemedyChoices): number | undefined {
  return overlapSeconds ?? (kind === 'exposed' ? 0 : undefined)
}

export const DAY_SECONDS = 24 * 3600
