import { styleText } from 'node:util'
import type { Secret } from '@doorward/sdk/kernel'
import { OWNERS } from './company.ts'
import type { DemoKey } from './key-life.ts'
import type { Life } from './key-plan.ts'
import type { Person } from './people.ts'
import type { DemoStaff } from './staff.ts'

const bold = (text: string) => styleText('bold', text)

export const HELP = `npm run demo:seed -- --yes [--add]

Fills the database with a made-up company, to look around in: 500 API keys of five owners in every state, apps and
what users allowed them, a year of events, 30 days of traffic, and a leaked key. Everything is made by the server's
own API with its clock turned back, so the audit chain is intact and every state is one that the server can reach.

  --yes    do it; without it, this command only says what it would do
  --add    also where the database has owners already; never on one that people rely on
  --help   this text

Database: that of npm start (DATA_DIR, default ./.doorward), which must not run meanwhile; or DATABASE_URL.
`

export function plannedWords(where: string): string {
  return `\
This would fill ${bold(where)} with a made-up company: 500 API keys, apps, users, a year of events.
It is for looking around; it cannot be taken out again. Nothing was changed.

Do it: ${bold('npm run demo:seed -- --yes')}
`
}

/** Refuses a database that has the demo, or owners of somebody else. @param isAdding the operator said that it may */
export function whyNotFill(where: string, owners: readonly string[], isAdding: boolean): string | null {
  if (owners.some((id) => OWNERS.some((ours) => ours.id === id)))
    return `${where} has the demo already, and nothing was changed. To make it again, begin with an empty database.`
  if (owners.length === 0 || isAdding) return null
  const some = owners.slice(0, 3).join(', ') + (owners.length > 3 ? ' …' : '')
  return (
    `${where} has owners already (${some}), and nothing was changed.\n` +
    'If nobody relies on this database, add the demo to it: npm run demo:seed -- --yes --add'
  )
}

interface FilledParts {
  readonly where: string
  readonly adminKey: Secret
  readonly keys: readonly DemoKey[]
  readonly administrator: DemoStaff | null
  readonly person: Person | null
  readonly seconds: number
}

/** Printed result of the seeding: counts, the sign-in, and some secrets to try. */
export function filledWords({ where, adminKey, keys, administrator, person, seconds }: FilledParts): string {
  const secretOf = (life: Life) =>
    keys.find(({ plan }) => plan.life === life)?.secrets[0]?.secret.reveal() ?? ''
  return `
  ${keys.length} keys are in ${bold(where)} after ${seconds.toFixed(0)} s. Shown only once:

${administrator === null ? '' : `    the dashboard              ${administrator.email}, password ${administrator.password}\n`}\
    admin key, everything      ${adminKey.reveal()}
    a key that works           ${secretOf('used')}
    a key that expired         ${secretOf('expired')}
    the key that leaked        ${secretOf('leaked')}
${person === null ? '' : `    a user, with apps          ${person.email}, password ${person.password}\n`}
  Next: ${bold('npm start')}
`
}
