import { Type } from 'typebox'
import { iso, Moment, nullable, oneOf, plainText, strictObject } from '../../http/wire.ts'
import { DEFAULT_ROLES, type SingleSignOn } from './single-sign-on.ts'

const MAX_DOMAINS = 50

const DefaultRole = oneOf(DEFAULT_ROLES, 'The role that a domain gives')

export const NewSingleSignOnWire = strictObject({
  issuer: Type.String({
    pattern: '^https://[^\\s?#\\\\@\\u0000-\\u001f\\u007f]+$',
    maxLength: 300,
    description: 'As its metadata states it, without a query; `/.well-known/openid-configuration` below it',
  }),
  client_id: plainText(300, 'Of this server at the provider'),
  client_secret: Type.Optional(
    nullable({
      ...plainText(
        1000,
        'Kept encrypted, and never returned. Missing: the stored one; null: a public client',
      ),
    }),
  ),
  domains: Type.Optional(
    Type.Array(
      Type.String({
        pattern: '^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$',
        maxLength: 253,
        description: 'A domain of e-mail addresses that belongs to you alone',
      }),
      {
        maxItems: MAX_DOMAINS,
        description: 'A verified address in one of them makes a member at the first sign-in. Missing: none',
      },
    ),
  ),
  default_role: Type.Optional({ ...DefaultRole, default: 'viewer' }),
})

const ProviderWire = Type.Object({
  issuer: Type.String(),
  client_id: Type.String(),
  has_client_secret: Type.Boolean(),
  domains: Type.Array(Type.String()),
  default_role: DefaultRole,
  changed_at: Moment,
  tested_at: nullable({ ...Moment, description: 'When a member who may change staff last signed in by it' }),
  tested_by: nullable(Type.String()),
  states_auth_time: nullable(
    Type.Boolean({
      description: 'False: it cannot confirm dangerous operations, because `auth_time` is missing',
    }),
  ),
  required_since: nullable({ ...Moment, description: 'Since then every other sign-in is refused' }),
})

export const SingleSignOnWire = Type.Object({
  redirect_uri: Type.String({ description: 'To be registered at the provider' }),
  test_url: Type.String({ description: 'The page on which a member tests and connects it' }),
  provider: nullable(ProviderWire),
})

export function toSingleSignOnWire(provider: SingleSignOn | undefined, publicUrl: string) {
  return {
    redirect_uri: publicUrl + CALLBACK_PATH,
    test_url: `${publicUrl}/staff/sso`,
    provider:
      provider === undefined
        ? null
        : {
            issuer: provider.issuer,
            client_id: provider.clientId,
            has_client_secret: provider.sealedClientSecret !== null,
            domains: [...provider.domains],
            default_role: provider.defaultRole,
            changed_at: iso(provider.changedAt),
            tested_at: iso(provider.test?.at ?? null),
            tested_by: provider.test?.staffId ?? null,
            states_auth_time: provider.test?.statesAuthTime ?? null,
            required_since: iso(provider.requiredSince),
          },
  }
}

/** Our redirect URI at the provider. */
export const CALLBACK_PATH = '/staff/sso/callback'
