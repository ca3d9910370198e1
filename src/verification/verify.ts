import { addressOfHop, canonicalResource, type Verdict, type Verifier } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import { type Problem, problem } from '../http/problem.ts'
import { whyNotGrantable } from '../scopes/grantable.ts'
import type { Catalogued, KnownCatalogue } from './known-catalogue.ts'
import { type Question, toVerdictWire, type VerdictAnswer } from './verify.wire.ts'

/** Wildcard environment: a credential of any is accepted, and the principal names its own. */
const ANY_ENVIRONMENT = '*'

export interface VerificationParts {
  readonly verifier: Verifier
  readonly catalogue: KnownCatalogue
  /** Configured environments; the first is the default of a request that names none. */
  readonly environments: readonly string[]
  readonly clock: Clock
}

/** Verification for verifiers in any language, on the fast path and the slow path. */
export interface Verification {
  /** The fault of a request beyond its schema; null where it is valid. */
  whyNot(question: Question, at?: string): Problem | null
  /** Synchronous on a cache hit; see `Verifier`. */
  verdictOn(question: Question): Verdict | Promise<Verdict>
  /**
   * The fault of a refused request with an undeclared scope or API, which no credential can have. Null without a promise
   * where all are declared; the catalogue is read only where a scope is missing, or the audience is wrong.
   */
  whyUndeclared(verdict: Verdict): Promise<Problem | null> | null
  /** The answer, with warnings of a key that ends soon. */
  answerOf(verdict: Verdict): VerdictAnswer
  /** The same for a batch, which then fails as a whole: the units that it took of limits are returned. */
  whyAnyUndeclared(verdicts: readonly Verdict[]): Promise<Problem | null> | null
}

export function openVerification(parts: VerificationParts): Verification {
  const { verifier, catalogue, environments, clock } = parts
  const [usual = ''] = environments

  const judge = (question: Question, resource: string): Verdict | Promise<Verdict> => {
    const { credential, credential_sha256: hash = '', scopes = [], environment = usual } = question
    const asked = {
      scopes,
      environment: environment === ANY_ENVIRONMENT ? null : environment,
      resource,
      clientIp: addressOfHop(question.client_ip),
    }
    const call = {
      userAgent: question.user_agent ?? null,
      dryRun: question.dry_run ?? false,
      cost: question.cost,
    }
    return credential === undefined
      ? verifier.verifyHash(hash, asked, call)
      : verifier.verify(credential, asked, call)
  }

  const undeclaredIn = (verdict: Verdict, at: string): Promise<Problem | null> | null => {
    if (verdict.valid) return null
    const { refusal } = verdict
    if (refusal.reason === 'wrong_audience') return undeclaredApi(catalogue, refusal.expected, at)
    if (refusal.reason !== 'missing_scope') return null
    const { missing, required } = refusal
    const known = catalogue.get()
    if (!(known instanceof Promise) && missing.every((scope) => known.names.has(scope))) return null
    return undeclaredScope(catalogue, missing, required, `${at}/scopes`)
  }

  return {
    whyNot: ({ credential, credential_sha256, environment }, at = '') => {
      const where = at === '' ? '' : `${at}: `
      if ((credential === undefined) === (credential_sha256 === undefined))
        return problem(
          'invalid_request',
          `${where}Give \`credential\` or \`credential_sha256\`, one of the two.`,
        )
      if (environment === undefined || environment === ANY_ENVIRONMENT || environments.includes(environment))
        return null
      return problem(
        'unknown_environment',
        `${where}No environment ${JSON.stringify(environment)} is configured. Configured are: ${environments.join(', ')}.`,
      )
    },

    verdictOn: (question) => {
      const resource = question.resource ?? catalogue.defaultIdentifier()
      return typeof resource === 'string'
        ? judge(question, resource)
        : resource.then((known) => judge(question, known))
    },

    whyUndeclared: (verdict) => undeclaredIn(verdict, ''),

    answerOf: (verdict) => toVerdictWire(verdict, clock.nowMs),

    whyAnyUndeclared: (verdicts) => {
      const faults = verdicts.flatMap((verdict, at) => undeclaredIn(verdict, `/verify/${at}`) ?? [])
      return faults.length === 0 ? null : firstOf(faults, verdicts)
    },
  }
}

async function firstOf(
  faults: readonly Promise<Problem | null>[],
  verdicts: readonly Verdict[],
): Promise<Problem | null> {
  const first = (await Promise.all(faults)).find((fault) => fault !== null) ?? null
  if (first !== null) for (const verdict of verdicts) if (verdict.valid) verdict.giveBack?.()
  return first
}

async function undeclaredScope(
  catalogue: KnownCatalogue,
  missing: readonly string[],
  required: readonly string[],
  at: string,
): Promise<Problem | null> {
  // Without the catalogue the verdict remains, which is a refusal as well.
  const known = await catalogue.fresh().catch(() => null)
  if (known === null || missing.every((scope) => known.names.has(scope))) return null
  return whyNotGrantable(required, known.scopes, required, at)
}

/** Null without a promise where the API is declared. */
function undeclaredApi(
  catalogue: KnownCatalogue,
  resource: string,
  at: string,
): Promise<Problem | null> | null {
  const meant = canonicalResource(resource)
  const known = catalogue.get()
  if (!(known instanceof Promise) && known.resources.has(meant)) return null
  const judge = ({ resources }: Catalogued): Problem | null =>
    resources.has(meant)
      ? null
      : problem(
          'unknown_api',
          `${at === '' ? '' : `${at}: `}No API ${JSON.stringify(resource.slice(0, 200))} is declared; see GET /v1/apis.`,
        )
  // As with scopes: without the catalogue the verdict remains.
  return catalogue.fresh().then(judge, () => null)
}
