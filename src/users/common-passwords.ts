let loaded: Promise<ReadonlySet<string>> | undefined

/**
 * Some 49,000 passwords that are tried first, in lower case, as leaks have them and the people of zxcvbn-ts keep them.
 * Read at the first password that is set.
 */
export function commonPasswords(): Promise<ReadonlySet<string>> {
  loaded ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  )
  return loaded
}
