import { type EnvFault, type EnvValue, findInEnv, isVariableName } from './env-file.ts'
import { readExactly, replaceFile } from './replace-file.ts'
import type { SecretStore } from './secret-store.ts'

/**
 * Keeps a secret as one variable of an environment file. All else in the file stays byte for byte, and so does its mode.
 * The variable must be there already.
 *
 * @param name of the variable, such as `ORDERS_API_KEY`
 */
export function envFileStore(file: string, name: string): SecretStore {
  if (!isVariableName(name))
    throw new TypeError('The name of a variable has letters, digits and underscores.')
  const find = async (): Promise<EnvValue> => {
    const text = await readExactly(file)
    const found = text === null ? 'missing' : findInEnv(text, name)
    if (typeof found === 'string') throw new Error(`${file}: ${name} ${FAULTS[found]}`)
    return found
  }
  return {
    read: async () => (await find()).value,
    write: async (secret) => {
      const { before, after } = await find()
      await replaceFile(file, before + secret.reveal() + after)
    },
  }
}

const FAULTS: Readonly<Record<EnvFault, string>> = {
  missing: 'is not there. Add a line for it, with the secret of the key.',
  twice: 'is there twice. Remove one of the lines.',
  not_plain: 'holds something else than a secret.',
}
