import { hash, randomInt } from 'node:crypto'
import type { Doorward } from './doorward.ts'

/** Milliseconds of a hundred verifications, one after the other, of keys that are mostly not cached. @param keys of `fillKeys` */
export async function verifications({ server }: Doorward, keys: number): Promise<readonly number[]> {
  const samples: number[] = []
  for (let at = 0; at < 100; at++) {
    // `fillKeys` stores the hashes of these texts.
    const credential_sha256 = hash('sha256', `bench ${randomInt(keys)}`)
    const startedMs = performance.now()
    const { status, body } = await server.call('POST', '/v1/verify', { credential_sha256 })
    samples.push(performance.now() - startedMs)
    if (status !== 200) throw new Error(JSON.stringify(body))
  }
  return samples
}
