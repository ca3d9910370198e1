import { originOfVisit } from '../../audit/visit-origin.ts'
import type { Db } from '../../db/schema.ts'
import { html } from '../../pages/html.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { readCatalogue } from '../../scopes/catalogue.store.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { SignedInUser } from '../../sessions/person.ts'
import type { SignIn } from '../../sign-in/sign-in.ts'
import { listGrants, lockGrant } from '../grants/grant.store.ts'
import type { NamedGrant } from '../grants/grant.ts'
import { FORM_WITH_SCOPES_BYTES } from '../grants/many-scopes.ts'
import { reduceGrant, revokeLockedGrant } from '../grants/revoke-grant.ts'
import {
  aboutApp,
  CONNECTED_APPS_DATA_PATH,
  CONNECTED_APPS_PATH,
  connectedAppPage,
  connectedAppsPage,
  NO_SUCH_APP,
  NOTHING_SAID,
  type ShownApp,
} from './connected-apps.page.ts'
import { toAppWire } from './connected-apps.wire.ts'

export interface ConnectedAppsParts {
  readonly db: Db
  readonly pages: Pages
  readonly signIn: SignIn
  readonly onChanged: () => Promise<void>
}

/** The page shows this many apps at most. */
const MOST = 200

/**
 * The user's connected apps, with ways to reduce and remove them. Only the user's own session gets here; no token
 * does.
 */
export function openConnectedApps(parts: ConnectedAppsParts): void {
  const { pages, signIn } = parts
  pages.get(CONNECTED_APPS_PATH, (visit) =>
    signedIn(parts, visit, async (who) => {
      const id = visit.query.get('app')
      const apps = await appsOf(parts.db, who, visit.now)
      if (id === null) return { page: connectedAppsPage(pages, apps) }
      const app = apps.find(({ grant }) => grant.id === id)
      return app === undefined
        ? { failure: NO_SUCH_APP }
        : { page: connectedAppPage(pages, visit, app, signIn.leadsAway) }
    }),
  )
  pages.get(CONNECTED_APPS_DATA_PATH, async (visit) => {
    const who = await signIn.currentUser(visit)
    if (who === null) return { status: 401, json: { error: 'not_signed_in' } }
    const apps = await appsOf(parts.db, who, visit.now)
    return {
      json: { data: apps.map((app) => toAppWire(app, pages.csrfToken(visit, aboutApp(app.grant.id)))) },
    }
  })
  pages.post(
    CONNECTED_APPS_PATH,
    (fields) => aboutApp(fields.get('app') ?? ''),
    (visit, fields) => signedIn(parts, visit, (who) => change(parts, visit, who, fields)),
    { maxFormBytes: FORM_WITH_SCOPES_BYTES },
  )
}

async function signedIn(
  { signIn }: ConnectedAppsParts,
  visit: Visit,
  then: (who: SignedInUser) => Promise<Answer>,
): Promise<Answer> {
  const who = await signIn.currentUser(visit)
  return who === null ? await signIn.start(visit, { returnTo: CONNECTED_APPS_PATH }) : await then(who)
}

async function change(
  { db, pages, onChanged }: ConnectedAppsParts,
  visit: Visit,
  who: SignedInUser,
  fields: URLSearchParams,
): Promise<Answer> {
  const origin = originOfVisit(visit, who.userId)
  const id = fields.get('app') ?? ''
  const kept = fields.getAll('scope')
  const decision = fields.get('decision')
  const isRemoved = decision === 'remove'
  // Our page sends nothing else. An unknown decision changes nothing.
  if (!isRemoved && decision !== 'reduce') return { failure: NOTHING_SAID }
  if (!isRemoved && kept.length === 0)
    return {
      failure: {
        status: 422,
        title: 'Nothing would be left',
        message: html`Nothing was changed. To take everything from the app, <a href="${pages.at(CONNECTED_APPS_PATH)}?app=${id}">remove it</a>.`,
        forDevelopers: 'No scope was sent with the form.',
      },
    }
  const done = await db.transaction().execute(async (tx) => {
    const grant = await lockGrant(tx, id)
    if (grant === undefined || grant.userId !== who.userId) return false
    if (isRemoved) await revokeLockedGrant(tx, origin, grant, { by: who.userId, reason: 'removed_by_user' })
    else
      await reduceGrant(
        tx,
        origin,
        grant,
        grant.scopes.filter((scope) => kept.includes(scope)),
        who.userId,
      )
    return true
  })
  if (!done) return { failure: NO_SUCH_APP }
  await onChanged()
  return { goTo: pages.at(CONNECTED_APPS_PATH) }
}

/** Describes a scope with those that it implied when it was allowed and still implies. */
function sentenceOf({ scopes, implied }: NamedGrant, scope: string, catalogue: Catalogue['scopes']): string {
  const say = (name: string) => catalogue.get(name)?.description ?? name
  const brings = (catalogue.get(scope)?.brings ?? [])
    .filter((name) => !scopes.includes(name) && implied.includes(`${scope} ${name}`))
    .map(say)
  return brings.length === 0 ? say(scope) : `${say(scope)} (and with it: ${brings.join('; ')})`
}

async function appsOf(db: Db, who: SignedInUser, now: Date): Promise<readonly ShownApp[]> {
  const filter = { userId: who.userId, states: ['active', 'stopped'] } as const
  const [grants, { scopes: catalogue }] = await Promise.all([
    listGrants(db, 'every_owner', filter, now, { after: null, limit: MOST }),
    readCatalogue(db),
  ])
  const nameOf = (grant: NamedGrant) =>
    who.owners.find(({ id }) => id === grant.ownerId)?.name ?? grant.ownerName ?? grant.ownerId
  return grants.map((grant) => ({
    grant,
    ownerName: nameOf(grant),
    scopes: grant.scopes.map((name) => ({ name, description: sentenceOf(grant, name, catalogue) })),
  }))
}
