import { addressOfHop, type Verdict, type Verifier } from '@doorward/sdk/kernel'
import { type Problem, problem } from '../http/problem.ts'
import { whyNotGrantable } from '../scopes/grantable.ts'
import type { KnownCatalogue } from './known-catalogue.ts'
import type { Question } from './verify.wire.ts'

/** In place of an environment: a credential of any will do, and the principal says of which it is. */
const ANY_ENVIRONMENT = '*'

export interface VerificationParts {
  readonly verifier: Verifier
  readonly catalogue: KnownCatalogue
  /** Those that are configured; the first is meant where a question names none. */
  readonly environments: readonly string[]
}

/** Answers questions of verifiers in any language, on the short way and on the long one. */
export interface Verification {
  /** The fault of a question that no schema sees; null where it is sound. */
  whyNot(question: Question, at?: string): Problem | null
  /** At once where the record is known here; see `Verifier`. */
  verdictOn(question: Question): Verdict | Promise<Verdict>
  /**
   * The fault of a question that asks for a scope that is not declared: no credential can get it. Null at once where
   * nothing is missing but what is declared; the catalogue is looked at only where a scope is missing.
   */
  whyUndeclared(verdict: Verdict): Promise<Problem | null> | null
  /** The same for a batch, of which nothing is answered then: what it took of limits is given back. */
  whyAnyUndeclared(verdicts: readonly Verdict[]): Promise<Problem | null> | null
}

export function openVerification({ verifier, catalogue, environments }: VerificationParts): Verification {
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
    if (verdict.valid || verdict.refusal.reason !== 'missing_scope') return null
    const { missing, required } = verdict.refusal
    const known = catalogue.get()
    if (!(known instanceof Promise) && missing.every((scope) => known.names.has(scope))) return null
    return undeclared(catalogue, missing, required, at)
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

    whyUndeclared: (verdict) => undeclaredIn(verdict, '/scopes'),

    whyAnyUndeclared: (verdicts) => {
      const faults = verdicts.flatMap((verdict, at) => undeclaredIn(verdict, `/verify/${at}/scopes`) ?? [])
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

async function undeclared(
  catalogue: KnownCatalogue,
  missing: readonly string[],
  required: readonly string[],
  at: string,
): Promise<Problem | null> {
  // Without the catalogue the verdict stands, which is a no as well.
  const known = await catalogue.fresh().catch(() => null)
  if (known === null || missing.every((scope) => known.names.has(scope))) return null
  return whyNotGrantable(required, known.scopes, required, at)
}
