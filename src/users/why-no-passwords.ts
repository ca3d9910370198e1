import type { Secret } from '@doorward/sdk/kernel'

interface PasswordSettings {
  readonly serverSecret: Secret | null
  readonly loginUrl: string | null
}

/** Why users have no passwords here; null where they have. */
export function whyNoPasswords({ serverSecret, loginUrl }: PasswordSettings): { readonly no: string } | null {
  if (loginUrl !== null) return { no: 'They sign in at LOGIN_URL, and users are kept there.' }
  if (serverSecret !== null) return null
  return {
    no: 'DOORWARD_SECRET is not set. Make one with `openssl rand -base64 32`, and start the server with it.',
  }
}
