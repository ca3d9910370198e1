let loaded: Promise<ReadonlySet<string>> | undefined

/**
 * Blocklist of some 49,000 common passwords from leaks, in lower case, maintained by zxcvbn-ts. Loaded lazily.
 */
export function commonPasswords(): Promise<ReadonlySet<string>> {
  loaded ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  )
  return loaded
}
