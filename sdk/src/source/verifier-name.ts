import { hostname } from 'node:os'

const MAX_NAME = 80

/** @throws TypeError where it is not a short text without control characters */
export function verifierNameOf(given: string | undefined): string | null {
  if (given === undefined) return nameOfHost()
  if (typeof given !== 'string' || !isVerifierName(given))
    throw new TypeError(`verifierName must be 1 to ${MAX_NAME} characters, none of them a control character`)
  return given
}

export function isVerifierName(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME && !/\p{Cc}/u.test(text) && text.isWellFormed()
}

/** Null where the runtime does not tell, as Deno without a permission for it. */
function nameOfHost(): string | null {
  try {
    const name = hostname().slice(0, MAX_NAME)
    return isVerifierName(name) ? name : null
  } catch {
    return null
  }
}
