import { parseCredential } from '../credential/credential.ts'
import { Secret } from '../credential/secret.ts'

/** Keeps the secret of a key between two starts of the program. All programs that use the key share it. */
export interface SecretStore {
  /** Reads the secret as the next start of the program will. */
  readonly read: () => Secret | string | Promise<Secret | string>
  /** Replaces the secret. It must not resolve before the new one is durable, and must leave the old one if it fails. */
  readonly write: (secret: Secret) => void | Promise<void>
}

/** Reads the secret of a key. The error says what is wrong and shows nothing of what was read. */
export async function readSecret(store: SecretStore): Promise<Secret> {
  const found = await store.read()
  const text = typeof found === 'string' ? found : found.reveal()
  if (parseCredential(text)?.kind !== 'api_key')
    throw new Error('The store holds no secret of an API key: put one there, and nothing else.')
  return new Secret(text)
}
