import { styleText } from 'node:util'
import type { Secret } from '@doorward/sdk/kernel'
import type { Prepared } from './prepare.ts'
import type { ExampleKey } from './seed.ts'
import type { Settings } from './settings.ts'

const bold = (text: string) => styleText('bold', text)
const dim = (text: string) => styleText('dim', text)

/** Prepared objects, and the link that the server made for the first administrator; null where there is staff. */
export type Shown = Prepared & { readonly firstLink: string | null }

/** Everything that a first start created. `adminKey` is null where the caller brought one. */
export function firstStart(
  settings: Settings,
  adminKey: Secret | null,
  prepared: Shown,
  seconds: string,
): string {
  const { keys } = prepared
  const rows = keys.map(({ ownerId, environment, scopes, secret }) => [
    `${ownerId}, ${environment}`,
    scopes.join(' '),
    secret.reveal(),
  ])
  if (adminKey !== null) rows.unshift(['admin key', 'everything', adminKey.reveal()])
  return `${whereThingsAre(settings, prepared, seconds)}
  ${bold('Keys, shown only once')}

${table(rows)}

  ${bold('Try it, from another terminal')}

${commands(settings, adminKey?.reveal() ?? '$DOORWARD_ADMIN_KEY', keys)}
${appWords(settings, prepared)}
  ${dim('Ctrl-C stops everything.')}

`
}

/** A later start: URLs and how to get in again, without secrets. */
export function laterStart(settings: Settings, prepared: Shown, seconds: string): string {
  const how = settings.isEmbedded ? 'Press Ctrl-C; then ' : ''
  return `${whereThingsAre(settings, prepared, seconds)}
  Secrets are shown only once. Rotate a lost key, or create a new one.
  Lost the admin key? ${how}${bold(`${settings.commandPrefix}npm run admin-key`)} creates another.
${beginAgain(settings)}
${appWords(settings, prepared)}
  ${dim('Ctrl-C stops everything.')}

`
}

/** The command that removes all data; Postgres is left to its operator. */
function beginAgain({ isEmbedded, dataDir }: Settings): string {
  return isEmbedded ? `  To begin again, with new secrets: Ctrl-C; then ${bold(`rm -r ${dataDir}`)}\n` : ''
}

/** There are admin keys, but none for the orders API, and none can be created. */
export function needsAdminKey({ serviceFile, commandPrefix }: Settings): string {
  return `\
  This database has admin keys already, but the orders API has none that works;
  it would be in ${serviceFile}.

  Start once more with an admin key that holds admin_keys:write and verify, and it gets a new one:
    ${bold(`${commandPrefix}DOORWARD_ADMIN_KEY=ak_… npm start`)}

  No such admin key left? Create one first:
    ${bold(`${commandPrefix}npm run admin-key`)}`
}

/** The start failed after the admin key was created: without it, there would be no way in. */
export function brokenOff({ commandPrefix }: Settings, adminKey: Secret): string {
  return `
  The start failed, but the admin key was created. It is shown only once. Continue with it:

    ${commandPrefix}DOORWARD_ADMIN_KEY=${adminKey.reveal()} npm start

`
}

/** The OAuth part: a third party's app, and how to connect it. */
function appWords({ appUrl, publicUrl, loginUrl }: Settings, { app, demoUser }: Prepared): string {
  if (app === null)
    return `  ${dim('No app can be connected: with Postgres, set DOORWARD_SECRET (openssl rand -base64 32).')}\n`
  const password = demoUser?.password?.reveal()
  const who =
    loginUrl !== null
      ? `Sign in at your own login as ${bold('rosa')} (lamps and chairs) or ${bold('marcus')} (standing desks).`
      : password === undefined
        ? 'Sign in as demo@example.com, with the password of the first start.'
        : `Sign in as ${bold(demoUser?.email ?? '')} with the password ${bold(password)} (shown only once).`
  return `  ${bold('Connect an app')}

  Open ${bold(appUrl)} and press "Connect your orders". ${who}
  Untick the permissions that it should not have. Remove it at ${publicUrl}/connected-apps: its next call fails.
${password === undefined && loginUrl === null ? newPassword(publicUrl) : ''}`
}

/** The password is shown once; an admin key gets a link to set a new one. */
function newPassword(publicUrl: string): string {
  return `
  Lost its password? An admin key finds the user's id, and creates a link to set another:
    ADMIN='Authorization: Bearer ak_…'
    curl '${publicUrl}/v1/users?email=demo@example.com' -H "$ADMIN"
    curl -X POST '${publicUrl}/v1/users/usr_…/password-link' -H "$ADMIN"
`
}

function whereThingsAre(settings: Settings, { app, firstLink }: Shown, seconds: string): string {
  const { publicUrl, ordersUrl, appUrl, loginUrl, database } = settings
  const width = Math.max(`${publicUrl}/dashboard`.length, ordersUrl.length, database.length)
  const row = (name: string, where: string, more: string) =>
    `  ${bold(name.padEnd(10))}   ${where.padEnd(width)}   ${dim(more)}\n`
  return `
  Ready after ${seconds} s.

${row('Doorward', publicUrl, `documents: ${publicUrl}/docs`)}\
${row('Dashboard', `${publicUrl}/dashboard`, 'for the people who run the API')}\
${row('Orders API', ordersUrl, 'code: examples/orders-api')}\
${app === null ? '' : row('An app', appUrl, "a third party's: examples/orders-app")}\
${loginUrl === null ? '' : row('Own login', loginUrl, 'with users of its own: examples/own-login')}\
${row('Data', database, 'kept from start to start')}${firstLink === null ? '' : firstAdministrator(firstLink)}`
}

function firstAdministrator(link: string): string {
  return `
  ${bold('Become the first administrator')} of the dashboard. The link works once, within an hour:

    ${bold(link)}
`
}

function commands({ publicUrl, ordersUrl }: Settings, adminKey: string, keys: readonly ExampleKey[]): string {
  const [acme, globex, test] = keys
  if (acme === undefined || globex === undefined || test === undefined) return ''
  const orders = `${ordersUrl}/orders`
  const as = (secret: string) => `-H "Authorization: Bearer ${secret}"`
  const lines = [
    ["200: org_acme's orders, and nobody else's", `curl -i '${orders}?limit=3' ${as(acme.secret.reveal())}`],
    [
      '403: org_globex may read orders, not place them',
      `curl -i -X POST '${orders}' ${as(globex.secret.reveal())}`,
    ],
    [
      '401: a test key at the live API; the body gives a hint',
      `curl -i '${orders}' ${as(test.secret.reveal())}`,
    ],
    [
      '400: a key in the URL, where every log would keep it',
      `curl -i '${orders}?api_key=${globex.secret.reveal()}'`,
    ],
    ['All keys, as the admin sees them', `curl '${publicUrl}/v1/keys' ${as(adminKey)}`],
    [
      "Revoke org_globex's key: at once its line above answers 401",
      `curl -X POST '${publicUrl}/v1/keys/${globex.id}/revoke' ${as(adminKey)}`,
    ],
  ]
  return lines.map(([why, line]) => `  ${dim(`# ${why}`)}\n  ${line}\n`).join('\n')
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows
    .map((row) => `    ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('   ')}`)
    .join('\n')
}
