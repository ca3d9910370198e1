import { createHash } from 'node:crypto'
import { Secret } from '@doorward/sdk/kernel'
import { randomText } from './id.ts'

/**
 * Prefixes of tokens: login challenge, login verifier, password link, session, browser, authorization request; of staff:
 * one-time link, session, sign-in challenge, single sign-on.
 */
export type TokenKind = 'lc' | 'lv' | 'pl' | 'ss' | 'br' | 'ar' | 'sl' | 'st' | 'sc' | 'sf'

/** The length of a credential's body and checksum, so that log scrubbing recognises it: 291 random bits. */
const LENGTH = 49

/** A new token such as `lc_4fG…`; only its hash is stored. */
export function mintToken(kind: TokenKind): Secret {
  return new Secret(`${kind}_${randomText(LENGTH)}`)
}

/** True for a well-formed token; others are not looked up. */
export function isToken(kind: TokenKind, text: string): boolean {
  return text.length === kind.length + 1 + LENGTH && text.startsWith(`${kind}_`) && /^\w+$/.test(text)
}

/** Hash of a token, as stored. */
export function hashToken(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
