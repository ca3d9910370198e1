import type { Secret } from '@doorward/sdk/kernel'
import { managementApi } from './management.ts'
import { type ExampleKey, isServing, lookAround, makeExampleKeys, makeServiceKey } from './seed.ts'
import { writeServiceKey } from './service-file.ts'
import type { Settings } from './settings.ts'

export interface Prepared {
  /** For the orders API. */
  readonly serviceKey: Secret
  /** Made now, and not kept from before. */
  readonly isNew: boolean
  /** Made now, because there were none; empty at a later start. */
  readonly keys: readonly ExampleKey[]
}

/**
 * Sees to it that the orders API has a key that serves, and that an empty database has keys to try.
 *
 * @param kept the orders API's key from an earlier start
 * @param adminKey with which to make what is missing
 * @returns null where something is missing and nothing at hand makes it
 */
export async function prepare(
  { serverUrl, serviceFile }: Settings,
  kept: Secret | null,
  adminKey: Secret | null,
): Promise<Prepared | null> {
  const ask = adminKey === null ? null : managementApi(serverUrl, adminKey)
  const found = ask === null ? 'not_accepted' : await lookAround(ask)
  const serving = kept !== null && (await isServing(managementApi(serverUrl, kept))) ? kept : null
  if (ask === null || found === 'not_accepted')
    return serving && { serviceKey: serving, isNew: false, keys: [] }

  const serviceKey = serving ?? (await makeServiceKey(ask))
  if (serving === null) writeServiceKey(serviceFile, serviceKey)
  return { serviceKey, isNew: serving === null, keys: found === 'empty' ? await makeExampleKeys(ask) : [] }
}
