/** Kind, environment and a body with its checksum: what Doorward mints, with or without a brand in front. */
const SECRET =
  /(?<![0-9A-Za-z_])(?:[a-z][a-z0-9_]{0,31}_)?(?:sk|ak|at|rt|ac|cs)_(?:[a-z][a-z0-9]{0,15}_)?[0-9A-Za-z]{49}(?![0-9A-Za-z])/

/** The first secret in a text, without what people copy with it (`Bearer `, `API_KEY=`); null for none. */
export function secretIn(text: string): string | null {
  return SECRET.exec(text)?.[0] ?? null
}

/** SHA-256 in hex; null where the browser cannot, since the page came over plain http from another machine. */
export async function hashOf(secret: string): Promise<string | null> {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto }
  if (subtle === undefined) return null
  const hash = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(secret)))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
