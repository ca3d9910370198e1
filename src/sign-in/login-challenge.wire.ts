import { withoutCredentials } from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import { iso, Moment, nullable, OwnerId, shownText, strictObject, toMoment } from '../http/wire.ts'
import { AnyUserId } from '../users/user.wire.ts'
import type { StatedPerson } from './answer-challenge.ts'
import type { LoginChallenge } from './login-challenge.ts'

export const LoginChallengeWire = Type.Object({
  client_name: nullable(
    Type.String({
      description:
        'The app that asks for the sign-in, to show to the user; with its host if it is not registered',
    }),
  ),
  login_hint: nullable(
    Type.String({
      description: 'The user that the app expects. Untrusted: use it to prefill a field only',
    }),
  ),
  fresh_sign_in: Type.Boolean({
    description: 'True: the user has to sign in again, even with a session',
  }),
  created_at: Moment,
  expires_at: Moment,
})

export const AcceptWire = strictObject({
  user_id: AnyUserId,
  display_name: shownText(200, 'The name that the user knows'),
  owners: Type.Array(strictObject({ id: OwnerId, name: shownText(200, 'Shown to the user') }), {
    maxItems: 200,
    description: 'Owners that the user may act for',
  }),
  authenticated_at: Type.Optional({
    ...Moment,
    description: 'Time of the sign-in at your login. Default: now. Required if `fresh_sign_in` is true',
  }),
})

export const RejectWire = strictObject({ reason: shownText(300, 'Shown to the user') })

export const RedirectWire = Type.Object({
  redirect_to: Type.String({
    description: 'Redirect the same browser to this URL. Works once, in that browser only',
  }),
})

export function toChallengeWire(challenge: LoginChallenge) {
  return {
    client_name: challenge.clientName,
    login_hint: challenge.loginHint,
    fresh_sign_in: challenge.wantsFresh,
    created_at: iso(challenge.createdAt),
    expires_at: iso(challenge.expiresAt),
  }
}

export function fromAcceptWire(body: Static<typeof AcceptWire>): StatedPerson {
  return {
    userId: body.user_id,
    displayName: body.display_name,
    email: null,
    owners: body.owners
      .map(({ id, name }) => ({ id, name: withoutCredentials(name) }))
      .toSorted((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1)),
    authenticatedAt: toMoment(body.authenticated_at) ?? null,
  }
}
