/** Kind, environment and a body with its checksum: what Doorward mints, with or without a brand in front. */
const SECRET = /^(?:[a-z][a-z0-9_]*_)?(?:sk|ak|at|rt|ac|cs)_(?:[a-z][a-z0-9]{0,15}_)?[0-9A-Za-z]{49}$/

/** The secret in a pasted text, without what people copy with it; null: it is something else. */
export function secretIn(text: string): string | null {
  const bare = text.trim().replace(/^Bearer\s+/i, '')
  return SECRET.test(bare) ? bare : null
}

/** SHA-256 in hex; null where the browser cannot, since the page came over plain http from another machine. */
export async function hashOf(secret: string): Promise<string | null> {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto }
  if (subtle === undefined) return null
  const hash = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(secret)))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
