/** Keeps records cached, and follows changes: a server, or an SDK in the process of an API owner. */
export interface Verifier {
  /** Random, and one's own: of a process, or of one of several subscriptions in it. */
  readonly id: string
  readonly kind: VerifierKind
  /** The admin key with which it reports; {@link SERVER} for a server. */
  readonly reportedBy: string
  /** For people; null: it has none. */
  readonly name: string | null
  readonly version: string | null
  readonly ip: string | null
  readonly startedAt: Date
  readonly seenAt: Date
  /** The last change that it has applied; null: none of the history of changes that there is now. */
  readonly position: number | null
  /** At the latest: the age that it reported, from when the report arrived. */
  readonly appliedAt: Date
  /** Longest use of its cache after it last knew that it missed no change; null: it did not say. */
  readonly boundMs: number | null
  /** Listeners of this server that follow changes and report nothing, such as older SDKs. */
  readonly notReporting: number
}

export const VERIFIER_KINDS = ['server', 'sdk'] as const
export type VerifierKind = (typeof VERIFIER_KINDS)[number]

/** Stands in for the admin key of a server's own row. No id of an admin key is like this. */
export const SERVER = 'server'

/** A verifier reports at least every twenty seconds. */
const SILENT_SECONDS = 60
/** A silent verifier is listed for so long, and then forgotten: its process has ended, or its cache is of no use. */
export const KEPT_SECONDS = 900
/** A report is on its way for a second at least; a verifier is behind where it lacks a change that is older. */
export const BEHIND_SECONDS = 10

/** Verifiers of one admin key, and of all together. More are refused; they verify all the same. */
export const MAX_OF_ADMIN_KEY = 1_000
export const MAX_VERIFIERS = 5_000

export const VERIFIER_STATES = ['current', 'behind', 'silent'] as const
export type VerifierState = (typeof VERIFIER_STATES)[number]

/** Listeners of all servers that report nothing. Those of a silent server may be another's by now. */
export function notReportingOf(
  verifiers: readonly Pick<Verifier, 'seenAt' | 'notReporting'>[],
  now: Date,
): number {
  return verifiers
    .filter((verifier) => !isSilent(verifier, now))
    .reduce((sum, { notReporting }) => sum + notReporting, 0)
}

function isSilent({ seenAt }: Pick<Verifier, 'seenAt'>, now: Date): boolean {
  return now.getTime() - seenAt.getTime() > SILENT_SECONDS * 1000
}

/** @param due the position of the last change that is older than {@link BEHIND_SECONDS} */
export function verifierStateOf(
  verifier: Pick<Verifier, 'seenAt' | 'position'>,
  due: number,
  now: Date,
): VerifierState {
  if (isSilent(verifier, now)) return 'silent'
  const { position } = verifier
  return position === null || position < due ? 'behind' : 'current'
}
