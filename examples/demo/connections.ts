import type { Ask } from '../management.ts'
import {
  DESCRIBED,
  type DemoApp,
  type RegisteredApp,
  registerApps,
  registerItself,
  SELF_REGISTERED,
} from './apps.ts'
import type { ClockedServer } from './clocked-server.ts'
import { connect, postForm, type Reply } from './connect.ts'
import { DAY_MS, HOUR_MS } from './key-plan.ts'
import { createPeople, type Person } from './people.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

/** Grants of the demo: user, app, and age in days. */
const CONNECTIONS: readonly (readonly [
  person: number,
  app: RegisteredApp,
  daysAgo: number,
  reply?: Reply,
])[] = [
  [0, 'parcelDesk', 280],
  [0, 'ledger', 190],
  [0, 'console', 12],
  [1, 'parcelDesk', 240],
  [1, 'scout', 120],
  [1, 'console', 3],
  [2, 'ledger', 150],
  [2, 'till', 60],
  [3, 'oldCart', 300],
  [3, 'parcelDesk', 88],
  [4, 'till', 21],
  [4, 'scout', 44, 'deny'],
  [5, 'ledger', 200],
  [5, 'parcelDesk', 41],
  [6, 'oldCart', 310],
  [6, 'console', 1.2],
  [7, 'till', 9],
  [7, 'ledger', 6, 'deny'],
  [8, 'parcelDesk', 77],
  [8, 'scout', 33],
  [9, 'till', 130],
  [10, 'ledger', 15],
]

interface GrantWire {
  readonly id: string
  readonly client_id: string
  readonly user_id: string
}

interface Parts {
  readonly timeline: Timeline
  readonly server: ClockedServer
  readonly random: Random
  /** The staff's own tools. */
  readonly ask: Ask
  readonly end: Date
  readonly passwordOf: () => string
  /** Number of connections; a small demo has few. */
  readonly atMost: number
}

/** Results that exist once the timeline has been played. */
export interface Connections {
  people: readonly Person[]
  grants: readonly GrantWire[]
}

/** Plans the apps, the people who connect them, and what became of some. */
export function planConnections(parts: Parts): Connections {
  const { timeline, server, random, ask, end, passwordOf, atMost } = parts
  const ago = (days: number) => new Date(end.getTime() - days * DAY_MS)
  const known: Connections = { people: [], grants: [] }
  let apps: Readonly<Record<RegisteredApp, DemoApp>> | null = null
  const app = (name: RegisteredApp): DemoApp => {
    if (apps === null) throw new Error('the apps are registered first')
    return apps[name]
  }
  const person = (at: number): Person => {
    const found = known.people[at]
    if (found === undefined) throw new Error('the people are created first')
    return found
  }
  timeline.at(ago(330), async () => {
    apps = await registerApps(ask)
    known.people = await createPeople(ask, random, passwordOf)
  })
  for (const [who, name, days, reply = 'allow'] of CONNECTIONS.slice(0, atMost))
    timeline.at(ago(days), async () => await connect(server, person(who), app(name), reply))

  planPrograms(parts, person)
  const act = (days: number, path: () => string, body?: object) =>
    timeline.at(ago(days), async () => {
      await ask('POST', path(), body)
    })
  act(26, () => `/v1/clients/${app('oldCart').clientId}/revoke`, { reason: 'The company closed' })
  act(5.1, () => `/v1/clients/${app('scout').clientId}/suspend`, {
    reason: 'Asked customers for data that it does not need (case 311)',
  })
  act(2.2, () => `/v1/clients/${app('parcelDesk').clientId}/rotate`, { overlap_seconds: 7 * 86_400 })
  act(18, () => `/v1/users/${person(11).id}/disable`, { reason: 'The owner is suspended' })
  timeline.at(ago(8), async () => {
    const { data } = await ask<{ data: GrantWire[] }>('GET', '/v1/grants?limit=100')
    const [first, second] = data.filter(({ client_id: id }) => id === app('ledger').clientId)
    if (first !== undefined)
      await ask('POST', `/v1/grants/${first.id}/revoke`, { reason: 'The user asked support to remove it' })
    if (second !== undefined) await ask('PATCH', `/v1/grants/${second.id}`, { scopes: ['orders:read'] })
  })
  timeline.at(ago(0.4), async () => {
    // A wrong secret, and an address that is not registered: the refused requests of an app.
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    await postForm(server, '/oauth/token', form, `${app('reconciler').clientId}:cs_wrong`)
    const wrong = new URLSearchParams({
      response_type: 'code',
      client_id: app('ledger').clientId,
      redirect_uri: 'https://old.ledgerline.example/connect/done',
    })
    await server.send({ method: 'GET', path: `/oauth/authorize?${wrong}`, ip: person(0).ip })
  })
  return known
}

/** Programs that register or describe themselves, and are connected by people. */
function planPrograms({ timeline, server, random, end }: Parts, person: (at: number) => Person): void {
  const post = async (path: string, body: object) => {
    const { status, text } = await server.send({
      method: 'POST',
      path,
      ip: `198.51.100.${random.whole(2, 250)}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (status !== 201) throw new Error(`${path} answers ${status}: ${text}`)
    return JSON.parse(text)
  }
  for (const [at, software] of SELF_REGISTERED.entries())
    for (let copy = 0; copy < software.copies; copy++) {
      const moment = new Date(end.getTime() - random.between(0.5, 55) * DAY_MS)
      timeline.at(moment, async () => {
        const made = await registerItself(post, software)
        // The last copy is never connected.
        if (copy < software.copies - 1 || copy === 0)
          await connect(server, person((at * 3 + copy) % 9), made, copy === 2 ? 'deny' : 'allow')
      })
    }
  for (const [at, described] of DESCRIBED.entries())
    for (const who of [0, 5, 9].slice(at))
      timeline.at(new Date(end.getTime() - (25 * DAY_MS) / (at + 1) - who * HOUR_MS), async () => {
        await connect(server, person(who), described, 'allow')
      })
}
