import type { Secret } from '@doorward/sdk/kernel'
import { type Ask, managementApi } from './management.ts'
import { needsLoginKey } from './needs-login-key.ts'
import {
  type ExampleKey,
  isLoginKey,
  isServing,
  lookAround,
  makeExampleKeys,
  makeLoginKey,
  makeServiceKey,
} from './seed.ts'
import { type DemoUser, isRegistered, makeAppClient, makeDemoUser } from './seed-app.ts'
import {
  type AppClient,
  readAppClient,
  readServiceKey,
  writeAppClient,
  writeServiceKey,
} from './service-file.ts'
import type { Settings } from './settings.ts'

export interface Prepared {
  /** The orders API's key. */
  readonly serviceKey: Secret
  /** Created now, not kept from an earlier start. */
  readonly isNew: boolean
  /** Created now, because there were none; empty at a later start. */
  readonly keys: readonly ExampleKey[]
  /** The third-party app's registration; null without sign-in. */
  readonly app: AppClient | null
  /** Created now. */
  readonly demoUser: DemoUser | null
  /** The own login's key, where it is used. */
  readonly loginKey: Secret | null
}

/**
 * Ensures that the orders API has a valid key, and that an empty database has keys to try.
 *
 * @param kept the orders API's key from an earlier start
 * @param adminKey creates what is missing
 * @returns null where something is missing and cannot be created
 */
export async function prepare(
  settings: Settings,
  kept: Secret | null,
  adminKey: Secret | null,
): Promise<Prepared | null> {
  const { serverUrl, serviceFile, appFile, hasOAuth } = settings
  const ask = adminKey === null ? null : managementApi(serverUrl, adminKey)
  const found = ask === null ? 'not_accepted' : await lookAround(ask)
  const serving = kept !== null && (await isServing(managementApi(serverUrl, kept))) ? kept : null
  const knownApp = hasOAuth ? readAppClient(appFile) : null
  if (ask === null || found === 'not_accepted')
    return (
      serving && {
        serviceKey: serving,
        isNew: false,
        keys: [],
        app: knownApp,
        demoUser: null,
        loginKey: await loginKeyOf(settings, null),
      }
    )

  const serviceKey = serving ?? (await makeServiceKey(ask))
  if (serving === null) writeServiceKey(serviceFile, serviceKey)
  const keys = found === 'empty' ? await makeExampleKeys(ask) : []
  if (found === 'empty') writeServiceKey(settings.loginFile, await makeLoginKey(ask))
  const isNew = serving === null
  const loginKey = await loginKeyOf(settings, ask)
  if (!hasOAuth || (knownApp !== null && (await isRegistered(ask, knownApp))))
    return { serviceKey, isNew, keys, app: knownApp, demoUser: null, loginKey }
  const app = await makeAppClient(ask)
  writeAppClient(appFile, app)
  const demoUser = settings.loginUrl === null ? await makeDemoUser(ask) : null
  return { serviceKey, isNew, keys, app, demoUser, loginKey }
}

/** @throws Error where the own login needs a key that cannot be created */
async function loginKeyOf(settings: Settings, ask: Ask | null): Promise<Secret | null> {
  const { loginUrl, loginFile, serverUrl } = settings
  if (loginUrl === null) return null
  const kept = readServiceKey(loginFile)
  if (kept !== null && (await isLoginKey(managementApi(serverUrl, kept)))) return kept
  if (ask === null) throw new Error(needsLoginKey(settings))
  const made = await makeLoginKey(ask)
  writeServiceKey(loginFile, made)
  return made
}
