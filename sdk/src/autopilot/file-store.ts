import { ONLY_OWNER, readExactly, replaceFile } from './replace-file.ts'
import type { SecretStore } from './secret-store.ts'

/** Keeps a secret in a file of its own, with mode 0600. White space around it, such as a last newline, stays. */
export function fileStore(file: string): SecretStore {
  const read = async () => {
    const text = (await readExactly(file)) ?? '\n'
    const word = text.trim()
    if (/\s/.test(word))
      throw new Error(`${file} holds more than a secret: give the secret a file of its own.`)
    const from = text.indexOf(word)
    return { before: text.slice(0, from), word, after: text.slice(from + word.length) }
  }
  return {
    read: async () => (await read()).word,
    write: async (secret) => {
      const { before, after } = await read()
      await replaceFile(file, before + secret.reveal() + after, ONLY_OWNER)
    },
  }
}
