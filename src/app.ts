import { hostname } from 'node:os'
import {
  createVerifier,
  flushEvery,
  type IpRanges,
  type RateLimiter,
  type Secret,
  UsageCounter,
  warnSparingly,
} from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { adminKeyRoutes } from './admin-keys/admin-key.routes.ts'
import { AdminKeyUses } from './admin-keys/admin-key-uses.ts'
import { adminKeyAuthenticator } from './admin-keys/authenticate-admin-key.ts'
import { KnownAdminKeys } from './admin-keys/known-admin-keys.ts'
import { JOBS, mailJobs } from './all-jobs.ts'
import { systemOrigin } from './audit/audit-event.ts'
import { RefusedAttempts } from './audit/refused-attempts.ts'
import { auditRoutes } from './audit-log/audit-event.routes.ts'
import type { Clock } from './base/clock.ts'
import { runPeriodically } from './base/run-periodically.ts'
import { brandingRoutes } from './branding/branding.routes.ts'
import { ShownBranding } from './branding/shown-branding.ts'
import { ChangesFeed } from './changes/changes-feed.ts'
import { clientRoutes } from './clients/client.routes.ts'
import { clientLifeRoutes } from './clients/client-life.routes.ts'
import type { Database } from './db/database.ts'
import { evidenceRoutes } from './evidence/evidence.routes.ts'
import { findingsRoutes } from './findings/findings.routes.ts'
import { forwardAuthRoutes } from './forward-auth/forward-auth.routes.ts'
import { openForwardAuth } from './forward-auth/forward-auth.ts'
import { forwardAuthFastPath } from './forward-auth/forward-auth-fast-path.ts'
import type { ForwardAuthRules } from './forward-auth/forward-auth-rules.ts'
import { UndeclaredInRules } from './forward-auth/undeclared-in-rules.ts'
import { refuseCredentialsInUrls } from './http/credential-in-url.ts'
import { FastPaths } from './http/fast-paths.ts'
import { healthRoutes } from './http/health.ts'
import type { Logger } from './http/log.ts'
import { serveOpenApi } from './http/openapi.ts'
import { openServer } from './http/server.ts'
import { type Job, JobRunner } from './jobs/job-runner.ts'
import { keyAuthenticator } from './keys/authenticate-key.ts'
import { keysRoutes } from './keys/keys.routes.ts'
import { ownKeyRoutes } from './keys/own-key.routes.ts'
import { quotaRoutes } from './limits/quota.routes.ts'
import { quotasOfKey } from './limits/quota.store.ts'
import type { Mailer } from './mail/mailer.ts'
import { ChangeLimit } from './management/change-limit.ts'
import type { Pipeline } from './management/pipeline.ts'
import { slotsFor } from './management/slots.ts'
import { mailRoutes } from './notices/mail.routes.ts'
import { blockedClientRoutes } from './oauth/blocked-clients/blocked-client.routes.ts'
import { grantRoutes } from './oauth/grants/grant.routes.ts'
import {
  revokeGrantsOfClient,
  revokeGrantsOfMember,
  revokeGrantsOfUser,
} from './oauth/grants/revoke-grant.ts'
import { type OAuthSettings, oauthRoutes } from './oauth/oauth.routes.ts'
import { oauthOffRoutes } from './oauth/oauth-off.routes.ts'
import type { RefusedRequests } from './oauth/tokens/refusal-log.ts'
import type { FetchDocument } from './outbound/guarded-fetch.ts'
import type { ProviderFetch } from './outbound/provider-fetch.ts'
import { overviewRoutes } from './overview/overview.routes.ts'
import { applyPeriodically } from './owners/apply-policies.ts'
import { ownerRoutes } from './owners/owner.routes.ts'
import { policyRoutes } from './owners/policy.routes.ts'
import type { ConfiguredPolicy } from './owners/policy.ts'
import { cookiesFor } from './pages/cookies.ts'
import { type BuiltDashboard, dashboardRoutes } from './pages/dashboard.ts'
import { openPages } from './pages/pages.ts'
import { scopeRoutes } from './scopes/scope.routes.ts'
import { loginChallengeRoutes } from './sign-in/login-challenge.routes.ts'
import { openSignIn } from './sign-in/open-sign-in.ts'
import { staffAuthenticator } from './staff/authenticate-staff.ts'
import { staffRoutes } from './staff/staff.routes.ts'
import { callsOfKeys } from './usage/calls-of-keys.store.ts'
import { usageRoutes } from './usage/usage.routes.ts'
import { storeUsage } from './usage/usage.store.ts'
import { openPasswords } from './users/prove-password.ts'
import { userRoutes } from './users/user.routes.ts'
import { userLifeRoutes } from './users/user-life.routes.ts'
import { whyNoPasswords } from './users/why-no-passwords.ts'
import { changesRoutes } from './verification/changes.routes.ts'
import { databaseSource } from './verification/database-source.ts'
import { KnownCatalogue } from './verification/known-catalogue.ts'
import { recordByHash } from './verification/record.store.ts'
import { verifyRoutes } from './verification/verify.routes.ts'
import { openVerification } from './verification/verify.ts'
import { verifyFastPath } from './verification/verify-fast-path.ts'
import { verifierRoutes } from './verifiers/verifier.routes.ts'

/** Settings of the app; `config.ts` reads them from the environment. */
export interface Settings {
  readonly publicUrl: string
  /** Further host names, in lower case, under which a proxy requests pages. */
  readonly hosts: readonly string[]
  readonly brand: string | null
  readonly policy: ConfiguredPolicy
  /** Environments that staff with the role developer may change. */
  readonly testEnvironments: readonly string[]
  /** True: staff without a second factor can do nothing but enrol one. */
  readonly requiresSecondFactor: boolean
  /** Most changes a minute by the credentials of one owner. Default: 600. */
  readonly changesPerMinute?: number
  readonly trustedProxies: IpRanges | null
  /** Internal networks on which the identity provider of staff may be; null: none. */
  readonly ssoNetworks: IpRanges | null
  /** Null: `/v1/forward-auth` is off. */
  readonly forwardAuth: ForwardAuthRules | null
  /** Server secret, from which keys are derived; null: no sign-in for people, and so no OAuth. */
  readonly serverSecret: Secret | null
  /** The API provider's own login; null: people sign in here, with passwords. */
  readonly loginUrl: string | null
  readonly oauth: OAuthSettings
}

export interface Parts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly settings: Settings
  /** Counts rate limits for several nodes together. Default: each process counts for itself. */
  readonly limiter?: RateLimiter | undefined
  /** Fetches client id metadata documents and key sets. Default: SSRF-guarded, over https from public addresses. */
  readonly fetchDocument?: FetchDocument | undefined
  /** Calls the identity provider of staff. Default: SSRF-guarded likewise. */
  readonly providerFetch?: ProviderFetch | undefined
  /** Cost of a password's hash: scrypt's N, as a power of two. Default: the recommended cost. */
  readonly passwordLogN?: number | undefined
  /** Runs jobs in this process. Harmless in several processes at once, and enough in one. Default true. */
  readonly runsJobs?: boolean
  /** Hands mails over; null or missing: they are only listed. */
  readonly mailer?: Mailer | null | undefined
  /** Default: all. */
  readonly jobs?: readonly Job[] | undefined
  /** Null or missing: `/dashboard` says that it is not built. */
  readonly dashboard?: BuiltDashboard | null | undefined
  /** Of this process in the list of verifiers. Default: none. */
  readonly name?: string | undefined
  /** True once the server was asked to stop and still answers. */
  readonly isDraining?: (() => boolean) | undefined
}

const USAGE_EVERY_MS = 2_000
const REFUSED_EVERY_MS = 10_000

/** Wires the whole server, in one list. Closing the app writes counts that are still in memory. */
export async function buildApp(parts: Parts): Promise<FastifyInstance> {
  const { database, clock, log, settings, limiter, fetchDocument, passwordLogN } = parts
  const { db, verdicts } = database
  const { publicUrl, hosts, brand, policy, trustedProxies, serverSecret, loginUrl } = settings
  const { forwardAuth: rules, oauth } = settings
  const mailing = { mailer: parts.mailer ?? null, publicUrl }
  const { runsJobs = true, jobs = [...JOBS, ...mailJobs(mailing, clock)] } = parts
  const system = () => systemOrigin(clock.now())

  const usage = new UsageCounter()
  const feed = new ChangesFeed(database, clock, log)
  await feed.start()
  const onUnreadable = warnSparingly(Date.now, (error) =>
    log.error({ err: error }, 'a stored credential cannot be read'),
  )
  const verifier = createVerifier({
    source: databaseSource(database, clock, feed, onUnreadable),
    usage,
    limiter,
    now: () => clock.nowMs(),
    steady: () => clock.steadyMs(),
  })
  const catalogue = new KnownCatalogue(verdicts, clock)
  feed.follow(catalogue)
  const verification = openVerification({ verifier, catalogue, environments: policy.environments, clock })
  const adminKeyUses = new AdminKeyUses(db, clock, trustedProxies, (err) =>
    log.warn({ err }, 'uses of admin keys could not be written; trying again'),
  )
  const knownAdminKeys = new KnownAdminKeys(verdicts, clock, adminKeyUses)
  feed.follow(knownAdminKeys)
  const refusedAttempts = new RefusedAttempts(db, log)
  const branding = new ShownBranding(db, clock, log, publicUrl)
  const pipeline: Pipeline = {
    db,
    clock,
    authenticators: [
      adminKeyAuthenticator(knownAdminKeys),
      keyAuthenticator(),
      staffAuthenticator(db, cookiesFor(publicUrl), settings),
    ],
    publicOrigin: new URL(publicUrl).origin,
    trustedProxies,
    refusedAttempts,
    onExposed: (exposure) => usage.noteExposure(exposure),
    onChanged: async () => {
      branding.expire()
      await feed.catchUp()
    },
    ...slotsFor(database.connections),
    changeLimit: new ChangeLimit(clock, settings.changesPerMinute),
  }

  const app = await openServer(log)
  refuseCredentialsInUrls(app, { trustedProxies, clock, onExposed: pipeline.onExposed })
  const fastPaths = new FastPaths(app, log)
  await serveOpenApi(app, publicUrl)
  healthRoutes(app, verdicts, parts.isDraining)
  scopeRoutes(app, pipeline)
  ownerRoutes(app, pipeline, policy)
  policyRoutes(app, pipeline, settings)
  keysRoutes(app, pipeline, { brand, policy, callsOf: callsOfKeys })
  ownKeyRoutes(app, pipeline, { settings: { brand, policy }, quotasOf: quotasOfKey })
  const clientParts = { ...oauth, brand, policy, revokeGrants: revokeGrantsOfClient }
  clientRoutes(app, pipeline, clientParts)
  clientLifeRoutes(app, pipeline, clientParts)
  usageRoutes(app, pipeline, { verification, onUnreadable })
  overviewRoutes(app, pipeline, { feed, jobs })
  verifyRoutes(app, pipeline, { verification, verdicts, onUnreadable })
  quotaRoutes(app, pipeline)
  const listeners = changesRoutes(app, pipeline, { verdicts, knownAdminKeys, feed })
  const reporting = { feed, log, listeners, boundMs: verifier.health().boundMs, name: parts.name ?? null }
  const ownReports = verifierRoutes(app, pipeline, reporting)
  adminKeyRoutes(app, pipeline, brand)
  auditRoutes(app, pipeline)
  evidenceRoutes(app, pipeline, policy)
  brandingRoutes(app, pipeline, publicUrl, branding)
  mailRoutes(app, pipeline, mailing)
  findingsRoutes(app, pipeline, clientParts)

  const passwords = openPasswords({ db, serverSecret, publicUrl, logN: passwordLogN })
  const urlOf = (path: string) => publicUrl + path
  const signInHere = whyNoPasswords(settings) ?? { urlOf }
  userRoutes(app, pipeline, { passwords, signInHere, endWithMember: revokeGrantsOfMember })
  userLifeRoutes(app, pipeline, { usersElsewhere: loginUrl !== null, endWithUser: revokeGrantsOfUser })
  grantRoutes(app, pipeline)
  blockedClientRoutes(app, pipeline)
  loginChallengeRoutes(app, pipeline, urlOf)
  let refusedRequests: RefusedRequests | null = null
  const onPages = { publicUrl, home: '/sign-in', hosts, branding, trustedProxies, clock, log }
  const pages = serverSecret === null ? null : await openPages(app, { ...onPages, serverSecret })
  const installation = { environments: policy.environments, brand, publicUrl, branding }
  const { requiresSecondFactor, ssoNetworks } = settings
  staffRoutes(app, pipeline, installation, {
    ...{ db, pages, passwords, refusedAttempts, log, serverSecret, requiresSecondFactor },
    ...{ clock, providerFetch: parts.providerFetch, ssoNetworks },
  })
  if (serverSecret === null || pages === null) oauthOffRoutes(app)
  else {
    const signIn = openSignIn({ db, clock, pages, passwords, refusedAttempts, log }, loginUrl)
    const { onChanged } = pipeline
    const findRecord = (hash: string) => recordByHash(verdicts, hash, clock.now(), onUnreadable)
    const parts = { db, clock, log, fastPaths, pages, signIn, findRecord, knownAdminKeys, feed, onChanged }
    refusedRequests = await oauthRoutes(app, {
      ...parts,
      ...{ publicUrl, brand, trustedProxies, serverSecret, settings: settings.oauth },
      ...{ environment: policy.environments[0] ?? '', policy, fetchDocument },
    })
  }

  fastPaths.add(verifyFastPath(fastPaths, knownAdminKeys, verification))
  if (rules !== null) {
    const { onExposed } = pipeline
    const parts = { rules, verifier, catalogue, adminKeys: knownAdminKeys, trustedProxies, clock, onExposed }
    const forwardAuth = openForwardAuth(parts)
    const undeclared = new UndeclaredInRules(rules, catalogue, log)
    if (runsJobs) {
      feed.follow(undeclared)
      await undeclared.look()
    }
    forwardAuthRoutes(app, pipeline, knownAdminKeys, forwardAuth)
    fastPaths.add(forwardAuthFastPath(fastPaths, forwardAuth))
  }

  dashboardRoutes(app, publicUrl, parts.dashboard ?? null)

  const flushing = flushEvery({
    ...{ counter: usage, everyMs: USAGE_EVERY_MS, send: (batch) => storeUsage(db, system(), batch) },
    onError: (error) => log.warn({ err: error }, 'usage could not be written; it is kept for the next try'),
  })
  const noting = runPeriodically(
    REFUSED_EVERY_MS,
    [() => refusedAttempts.flush(clock.now()), async () => refusedRequests?.flush()],
    (error) => log.warn({ err: error }, 'refused attempts could not be written; trying again'),
  )
  const writingUses = runPeriodically(USAGE_EVERY_MS, [() => adminKeyUses.flush()], () => {})
  const onError = (err: unknown, job: string | null) =>
    log.warn({ err, job }, 'a job failed; it runs again later')
  const runner = new JobRunner({ db, clock, jobs, name: `${hostname()}:${process.pid}`, onError })
  if (runsJobs) await runner.start()
  const applying = runsJobs
    ? applyPeriodically(db, clock, (err) => log.warn({ err }, 'a policy was not applied; trying again'))
    : undefined
  app.addHook('onClose', async () => {
    for (const timer of [noting, writingUses, applying]) clearInterval(timer)
    runner.close()
    feed.close()
    await Promise.all([ownReports.close(), flushing.close()])
    await Promise.all([adminKeyUses.flush(), refusedAttempts.flush(clock.now(), true)])
    await refusedRequests?.flush()
  })
  return app
}
