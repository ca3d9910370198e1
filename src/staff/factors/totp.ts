import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { encode } from 'uqr'

/** Seconds for which an app shows a code. */
const PERIOD_SECONDS = 30
/** Steps by which the app's clock may differ, before and after. */
const SKEW_STEPS = 1
const DIGITS = 6
/** RFC 4226 §4 recommends 160 bits. */
const SECRET_BYTES = 20

/** A new secret, in the base32 that apps take. */
export function mintTotpSecret(): string {
  return Secret.fromHex(randomBytes(SECRET_BYTES).toString('hex')).base32
}

/**
 * The time step of a code; null where it is none of the secret's codes of this moment. HMAC-SHA-1, which is the default of
 * RFC 6238 §1.2 and the only algorithm that all apps know.
 */
export function stepOf(secret: string, typed: string, now: Date): number | null {
  const token = typed.replace(/[\s-]/g, '')
  if (!/^\d{6}$/.test(token)) return null
  const timestamp = now.getTime()
  const delta = totpOf(secret).validate({ token, timestamp, window: SKEW_STEPS })
  return delta === null ? null : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta
}

/** The `otpauth:` URI that an app reads from a QR code. */
export function uriOf(
  secret: string,
  { host, email }: { readonly host: string; readonly email: string },
): string {
  return totpOf(secret, { issuer: host, label: email }).toString()
}

function totpOf(secret: string, more: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({ secret, algorithm: 'SHA1', digits: DIGITS, period: PERIOD_SECONDS, ...more })
}

/** The dark modules of a QR code, as the path of an SVG whose view box is `size` wide and high. */
export function qrCodeOf(text: string): { readonly size: number; readonly path: string } {
  const { size, data } = encode(text, { ecc: 'M', border: 4 })
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return { size, path }
}
