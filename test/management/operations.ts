import { randomBytes } from 'node:crypto'
import { newId } from '../../src/base/id.ts'
import { findingsOfHolders } from '../../src/findings/finding.store.ts'
import { refreshFindings } from '../../src/findings/refresh-findings.ts'
import { insertGrant } from '../../src/oauth/grants/grant.store.ts'
import type { ProviderFetch } from '../../src/outbound/provider-fetch.ts'
import type { Visit } from '../../src/pages/visit.ts'
import { insertSession } from '../../src/sessions/session.store.ts'
import { startSignIn } from '../../src/sign-in/start-sign-in.ts'
import { putSingleSignOn } from '../../src/staff/sso/single-sign-on.store.ts'
import { insertIdentity } from '../../src/staff/sso/staff-identity.store.ts'
import type { TestApp, TestClient } from '../app.ts'
import { type SignedInStaff, staffAs } from '../staff.ts'

/**
 * Parameters and body of each operation, by its operationId, on objects of one owner. A new operation needs a line
 * here.
 */
export type Examples = Readonly<Record<string, Example>>

export interface Example {
  readonly path?: Record<string, string>
  readonly query?: string
  readonly body?: object
  /** The credential, if an admin key is not the right kind. */
  readonly as?: string
  /** A signed-in staff member, likewise. */
  readonly staff?: SignedInStaff
}

function inAWeek({ clock }: TestApp): string {
  return new Date(clock.nowMs() + 7 * 24 * 3600 * 1000).toISOString()
}

/** Requests that succeed with the first admin key in the order of {@link inOrderOfLife}, each on its own objects. */
export async function examplesOn(app: TestApp, ownerId: string, environment = 'live'): Promise<Examples> {
  const of = { environment, scopes: [] }
  const key = await app.keyFor(ownerId, { environment, scopes: ['examples:read'] })
  const [rotating, undoing] = [await app.keyFor(ownerId, of), await app.keyFor(ownerId, of)]
  const bulk = await app.keyFor(ownerId, of)
  for (const { id } of [rotating, undoing]) await app.call('POST', `/v1/keys/${id}/rotate`)
  const self = await app.keyFor(ownerId, { ...of, self_rotation: true })
  const rotatingSelf = await app.keyFor(ownerId, { ...of, self_rotation: true })
  const { body: next } = await app.call('POST', `/v1/keys/${rotatingSelf.id}/rotate`)
  const undoingSelf = await app.keyFor(ownerId, { ...of, self_rotation: true })
  await app.call('POST', '/v1/self/rotate', {}, { as: undoingSelf.secret })
  await app.db
    .updateTable('secrets')
    .set({ created_at: new Date(app.clock.nowMs() - 24 * 3600 * 1000) } as never)
    .where('holder_id', '=', undoingSelf.id)
    .where('is_self_issued', '=', true)
    .execute()
  const newAdminKey = { name: 'a', permissions: ['verify'] }
  const { body: adminKey } = await app.call('POST', '/v1/admin-keys', newAdminKey)
  const { body: undoingAdminKey } = await app.call('POST', '/v1/admin-keys', newAdminKey)
  await app.call('POST', `/v1/admin-keys/${undoingAdminKey.id}/rotate`)
  await app.call('POST', '/v1/scopes', { name: 'unused:read', description: 'Nothing holds it' })
  const newClient = () => app.clientFor(ownerId, { environment })
  const [client, rotatingClient, undoingClient] = [await newClient(), await newClient(), await newClient()]
  for (const { client_id } of [rotatingClient, undoingClient])
    await app.call('POST', `/v1/clients/${client_id}/rotate`)
  const { body: mail } = await app.call('POST', '/v1/mails/test', { to: 'me@tidewater.example' })
  const { body: user } = await app.call('POST', '/v1/users', {
    email: `ann.${ownerId}@example.com`,
    name: 'Ann',
  })
  const { body: other } = await app.call('POST', '/v1/users', {
    email: `bo.${ownerId}@example.com`,
    name: 'Bo',
  })
  const member = { id: ownerId, user_id: user.id }
  await app.call('PUT', `/v1/owners/${ownerId}/members/${user.id}`)
  const { body: invitation } = await app.call('POST', '/v1/staff-invitations', {
    email: 'other@staff.example',
    role: 'viewer',
  })
  const [staff, ended, leaving, colleague, removed] = [
    await staffAs(app, 'administrator'),
    await staffAs(app, 'viewer'),
    await staffAs(app, 'viewer'),
    await staffAs(app, 'viewer'),
    await staffAs(app, 'viewer'),
  ]
  await putProvider(app, staff.id)
  const challenges = await Promise.all(
    [1, 2].map((n) => startSignIn(app.db, visitor(app, `br_${n}`), { returnTo: '/sign-in' })),
  )
  const [accepted = '', rejected = ''] = challenges
  const person = { user_id: 'u_1', display_name: 'Ann', owners: [{ id: ownerId, name: 'A' }] }
  const [grant, another] = [
    await grantFor(app, client, ownerId),
    await grantFor(app, rotatingClient, ownerId),
  ]
  const blocked = { id: ownerId, client_id: client.client_id }
  const newKey = { owner_id: ownerId, name: 'a', ...of }
  const withFinding = { kind: 'key', id: (await app.keyFor(ownerId, of)).id } as const
  await app.db.transaction().execute((tx) => refreshFindings(tx, withFinding, app.clock.now()))
  const [finding] = await findingsOfHolders(app.db, 'key', [withFinding.id])
  const byFinding = { id: finding?.id ?? '' }
  const [byKey, byOwner, byClient] = [{ id: key.id }, { id: ownerId }, { id: client.client_id }]
  return {
    createKey: { body: newKey },
    listKeys: {},
    countKeys: {},
    getKeyImpact: { path: byKey },
    getOwnerImpact: { path: byOwner },
    bulkDisableKeys: { body: { ids: [key.id] } },
    bulkEnableKeys: { body: { ids: [key.id] } },
    bulkRevokeKeys: { body: { ids: [bulk.id] } },
    bulkShortenKeys: { body: { ids: [key.id], expires_at: '2040-01-01T00:00:00Z' } },
    bulkRemoveScope: { body: { ids: [key.id], scope: 'examples:read', dry_run: true } },
    getKey: { path: byKey },
    getKeyUsage: { path: byKey },
    getKeyQuotas: { path: byKey },
    getUsage: {},
    getUsageSeries: {},
    getKeyAddresses: { path: byKey },
    getKeyRotation: { path: { id: rotating.id } },
    getKeyScopeUse: { path: byKey },
    listDeadCredentials: {},
    getOverview: {},
    explainRefusal: { body: { key_id: key.id } },
    lookUpKey: { body: { secret: key.secret } },
    changeKey: { path: byKey, body: { name: 'b' } },
    disableKey: { path: byKey, body: {} },
    enableKey: { path: byKey, body: {} },
    rotateKey: { path: byKey, body: { overlap_seconds: 60 } },
    changeKeyRotation: { path: { id: rotating.id }, body: { overlap_seconds: 60 } },
    finishKeyRotation: { path: { id: rotating.id }, body: {} },
    undoKeyRotation: { path: { id: undoing.id }, body: {} },
    revokeKey: { path: byKey, body: { reason: 'test' } },
    listStaff: {},
    getStaff: { path: { id: colleague.id } },
    changeStaff: { path: { id: colleague.id }, body: { role: 'support' } },
    disableStaff: { path: { id: colleague.id }, body: { reason: 'test' } },
    enableStaff: { path: { id: colleague.id }, body: {} },
    resetStaffFactors: { path: { id: colleague.id }, body: {} },
    listStaffSessions: { path: { id: colleague.id } },
    endStaffSessions: { path: { id: colleague.id }, body: {} },
    removeStaff: { path: { id: removed.id }, body: { reason: 'test' } },
    listStaffInvitations: {},
    inviteStaff: { body: { email: 'invited@staff.example', role: 'viewer' } },
    getBranding: {},
    listMails: {},
    getMail: { path: { id: mail.id } },
    getMailServer: {},
    testMail: { body: { to: 'ops@tidewater.example' } },
    listFindings: {},
    countFindings: {},
    exportFindingsAsCsv: {},
    getFinding: { path: byFinding },
    applyRemedy: { path: byFinding, body: { remedy: 'revoke', dry_run: true } },
    acceptFinding: { path: byFinding, body: { reason: 'Known', until: inAWeek(app) } },
    withdrawAcceptance: { path: byFinding, body: {} },
    getFindingSettings: {},
    putFindingSettings: { body: { unused_after_days: 60 } },
    changeBranding: { body: { product_name: 'Tidewater', accent_color: '#0b66d8' } },
    getSingleSignOn: {},
    setSingleSignOn: { body: { issuer: EXAMPLE_ISSUER, client_id: 'doorward', domains: ['example.com'] } },
    requireSingleSignOn: {},
    stopRequiringSingleSignOn: {},
    removeSingleSignOn: {},
    unlinkStaffIdentity: { path: { id: colleague.id } },
    withdrawStaffInvitation: { path: { id: invitation.id } },
    getOwnSession: { staff },
    listOwnSessions: { staff },
    endOtherOwnSession: { staff: ended, path: { id: ended.sessionId } },
    endOwnSession: { staff: leaving },
    getSelf: { as: self.secret },
    rotateSelf: { as: self.secret, body: { overlap_seconds: 3600 } },
    finishSelfRotation: { as: next.secret, body: {} },
    undoSelfRotation: { as: undoingSelf.secret, body: {} },
    createClient: {
      body: {
        ...{ name: 'a', type: 'public', redirect_uris: ['https://a.example/cb'] },
        ...{ owner_id: ownerId, environment },
      },
    },
    listClients: {},
    getClient: { path: byClient },
    changeClient: { path: byClient, body: { name: 'b' } },
    publishClient: { path: byClient, body: {} },
    suspendClient: { path: byClient, body: { reason: 'test' } },
    resumeClient: { path: byClient, body: {} },
    rotateClient: { path: byClient, body: { overlap_seconds: 60 } },
    finishClientRotation: { path: { id: rotatingClient.client_id }, body: {} },
    undoClientRotation: { path: { id: undoingClient.client_id }, body: {} },
    revokeClient: { path: byClient, body: { reason: 'test' } },
    listRefusedRequests: { path: byClient },
    getClientImpact: { path: byClient },
    listClientSoftware: {},
    listGrants: {},
    getGrant: { path: { id: grant } },
    reduceGrant: { path: { id: grant }, body: { scopes: ['orders:read'] } },
    revokeGrant: { path: { id: another }, body: { reason: 'test' } },
    listBlockedClients: { path: byOwner },
    blockClient: { path: blocked, body: { reason: 'test' } },
    unblockClient: { path: blocked },
    revokeGrants: { body: { owner_id: ownerId, reason: 'test' } },
    listOwners: {},
    getPolicy: {},
    listPolicies: {},
    getEnvironmentPolicy: { path: { environment: 'test' } },
    changePolicy: { path: { environment: 'live' }, body: { max_keys: 1_000 } },
    getOwner: { path: byOwner },
    changeOwner: { path: byOwner, body: { name: 'b' } },
    suspendOwner: { path: byOwner, body: { reason: 'test' } },
    resumeOwner: { path: byOwner, body: {} },
    createUser: { body: { email: 'new@example.com', name: 'New' } },
    listUsers: {},
    getUser: { path: { id: user.id } },
    createPasswordLink: { path: { id: user.id } },
    disableUser: { path: { id: other.id }, body: { reason: 'test' } },
    enableUser: { path: { id: other.id }, body: {} },
    listSessions: { path: { id: other.id } },
    endSessions: { path: { id: other.id } },
    endSession: { path: { id: other.id, session_id: await sessionFor(app, other.id) } },
    addMember: { path: member },
    removeMember: { path: member },
    getLoginChallenge: { path: { challenge: accepted } },
    acceptLoginChallenge: { path: { challenge: accepted }, body: person },
    rejectLoginChallenge: { path: { challenge: rejected }, body: { reason: 'test' } },
    listScopes: {},
    declareScope: { body: { name: 'new:read', description: 'New' } },
    changeScope: { path: { name: 'examples:read' }, body: { description: 'Other' } },
    listScopeHolders: { path: { name: 'examples:read' } },
    removeScope: { path: { name: 'unused:read' } },
    listApis: {},
    declareApi: { body: { identifier: 'https://new.example.com', name: 'New' } },
    changeApi: { path: { id: 'api_default' }, body: { name: 'Other' } },
    createAdminKey: { body: newAdminKey },
    listAdminKeys: {},
    getAdminKey: { path: { id: adminKey.id } },
    rotateAdminKey: { path: { id: adminKey.id }, body: {} },
    finishAdminKeyRotation: { path: { id: adminKey.id }, body: {} },
    undoAdminKeyRotation: { path: { id: undoingAdminKey.id }, body: {} },
    revokeAdminKey: { path: { id: adminKey.id }, body: { reason: 'test' } },
    listAuditEvents: {},
    exportAuditEventsAsJsonLines: {},
    exportAuditEventsAsCsv: {},
    listAuditActions: {},
    listRefusedAttempts: {},
    verifyAuditChain: {},
    getEvidence: { query: 'from=2029-01-01T00:00:00Z&to=2031-01-01T00:00:00Z' },
    listEvidence: {
      path: { section: 'keys_created' },
      query: 'from=2029-01-01T00:00:00Z&to=2031-01-01T00:00:00Z',
    },
    verify: { body: { credential: key.secret } },
    verifyBatch: { body: { verify: [{ credential: key.secret }] } },
    followChanges: { query: 'once=true' },
    reportVerifier: { body: VERIFIER },
    listVerifiers: {},
    getArrival: { query: 'at=2026-01-01T00:00:00.000Z' },
    lookUpRecords: { body: { hashes: ['0'.repeat(64)] } },
    spendQuotas: { body: { spends: [{ credential_id: 'sec_none', cost: 1 }] } },
    reportUsage: { body: { id: 'batch_0000001', items: [], exposed: [] } },
  }
}

const VERIFIER = {
  ...{ id: '00000000-0000-4000-8000-000000000001', applied: '0' },
  ...{ applied_ago_ms: 0, running_ms: 0 },
}

/** Stores a grant, as if a user had answered the consent page. */
async function grantFor(app: TestApp, { client_id: clientId }: TestClient, ownerId: string): Promise<string> {
  const id = newId('grt')
  const shown = { client_name: 'An app', redirect_host: 'app.example.com', owner_name: 'A', scopes: [] }
  const [scopes, createdAt] = [['orders:read', 'orders:write'], app.clock.now()]
  const grant = {
    id,
    userId: 'usr_1',
    clientId,
    ownerId,
    scopes,
    implied: [],
    shown,
    createdAt,
    expiresAt: null,
  }
  await app.db.transaction().execute((tx) => insertGrant(tx, grant))
  return id
}

/** Stores the session of a signed-in user. @returns its id */
async function sessionFor(app: TestApp, userId: string): Promise<string> {
  const [id, now] = [newId('ses'), app.clock.now()]
  const session = { id, userId, person: null, authenticatedAt: now, ip: null, userAgent: null }
  await app.db.transaction().execute((tx) => insertSession(tx, randomBytes(32), session, now))
  return id
}

/** A browser's visit to the sign-in page, without an HTTP request. */
function visitor(app: TestApp, browser: string): Visit {
  return {
    now: app.clock.now(),
    ip: null,
    userAgent: null,
    requestId: 'req_test',
    isGone: () => false,
    query: new URLSearchParams(),
    browser: () => browser,
    cookie: () => undefined,
    setCookie: () => {},
  }
}

/** An operation of the OpenAPI document. */
const EXAMPLE_ISSUER = 'https://id.example.com'

/** Calls the identity provider of the examples. */
export const exampleProvider: ProviderFetch = async () =>
  Response.json({
    issuer: EXAMPLE_ISSUER,
    authorization_endpoint: `${EXAMPLE_ISSUER}/authorize`,
    token_endpoint: `${EXAMPLE_ISSUER}/token`,
    jwks_uri: `${EXAMPLE_ISSUER}/jwks`,
  })

/** Stores an identity provider that an administrator has tested, and that is required already: requiring it ends sessions. */
async function putProvider({ db, clock }: TestApp, staffId: string): Promise<void> {
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    await putSingleSignOn(tx, {
      ...{ version: newId('sso'), issuer: EXAMPLE_ISSUER, clientId: 'doorward', sealedClientSecret: null },
      ...{ domains: [], defaultRole: 'viewer', changedAt: now, requiredSince: now },
      test: { at: now, staffId, statesAuthTime: true },
    })
    await insertIdentity(tx, { issuer: EXAMPLE_ISSUER, subject: staffId }, staffId, now)
  })
}

export interface Documented {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly permission: string
  readonly responses: Readonly<Record<string, object>>
}

export async function documentedOperations(app: TestApp): Promise<Documented[]> {
  const { body } = await app.call('GET', '/openapi.json', undefined, { as: null })
  return Object.entries<
    Record<string, { operationId: string; description: string; responses: Record<string, object> }>
  >(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, description, responses }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
      permission: /`(.+)`/.exec(description)?.[1] ?? '',
      responses,
    })),
  )
}

/** Ends of rotations and objects come after all else that is done with them. */
const ENDS = [
  'finishKeyRotation',
  'undoKeyRotation',
  'revokeKey',
  'revokeClient',
  'revokeAdminKey',
  'suspendOwner',
  'stopRequiringSingleSignOn',
  'removeSingleSignOn',
]

export function inOrderOfLife(operations: readonly Documented[]): Documented[] {
  return operations.toSorted((a, b) => ENDS.indexOf(a.id) - ENDS.indexOf(b.id))
}

/**
 * Operations of a key or a session on itself, which admin keys cannot call; the refusals of these are in
 * own-key.db.test.ts and staff-session.db.test.ts.
 */
export function isOfSelf({ permission }: Documented): boolean {
  return permission.startsWith('self:')
}

/** Calls an operation with its example; the first admin key is replaced by the right kind of credential. */
export function callOperation(
  app: TestApp,
  { method, path }: Documented,
  example: Example | undefined,
  as: string | null,
) {
  const url = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(example?.path?.[name] ?? ''))
  const query = example?.query === undefined ? '' : `?${example.query}`
  const who =
    as === app.adminKey && example?.staff !== undefined
      ? example.staff.as
      : { as: as === app.adminKey ? (example?.as ?? as) : as }
  return app.call(method, url + query, example?.body, who)
}
