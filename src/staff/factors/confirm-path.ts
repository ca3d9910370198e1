import { type Factor, strongestOf } from '../staff.ts'

/** The page that asks for the strongest of these factors; null: the one that asks for the password. */
export function confirmPathOf(enrolled: readonly Factor[], returnTo: string): string | null {
  const path = PATHS[strongestOf(enrolled)]
  return path === null ? null : withReturn(path, returnTo)
}

/** The page that leads to the identity provider. */
export function ssoConfirmPathOf(returnTo: string): string {
  return withReturn('/staff/sso/confirm', returnTo)
}

function withReturn(path: string, returnTo: string): string {
  return `${path}?return_to=${encodeURIComponent(returnTo)}`
}

const PATHS: Readonly<Record<Factor, string | null>> = {
  password: null,
  sso: '/staff/sso/confirm',
  totp: '/staff/confirm/code',
  passkey: '/staff/confirm/passkey',
}
