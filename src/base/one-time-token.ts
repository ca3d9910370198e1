import { createHash } from 'node:crypto'
import { Secret } from '@doorward/sdk/kernel'
import { randomText } from './id.ts'

/**
 * What a token's prefix says it is: a login challenge, a login verifier, a link to set a password, a session, a browser, an
 * authorization request.
 */
export type TokenKind = 'lc' | 'lv' | 'pl' | 'ss' | 'br' | 'ar'

/** As long as a credential's body and checksum, so that the log's scrubbing knows it too: 291 random bits. */
const LENGTH = 49

/** A new token such as `lc_4fG…`, which only its holder ever has. */
export function mintToken(kind: TokenKind): Secret {
  return new Secret(`${kind}_${randomText(LENGTH)}`)
}

/** Whether a text can be such a token at all; what cannot is not looked up. */
export function isToken(kind: TokenKind, text: string): boolean {
  return text.length === kind.length + 1 + LENGTH && text.startsWith(`${kind}_`) && /^\w+$/.test(text)
}

/** What is stored of it. */
export function hashToken(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
