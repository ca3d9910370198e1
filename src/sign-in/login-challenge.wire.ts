import { withoutCredentials } from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import { iso, Moment, nullable, OwnerId, shownText, strictObject, toMoment } from '../http/wire.ts'
import { AnyUserId } from '../users/user.wire.ts'
import type { ToldPerson } from './answer-challenge.ts'
import type { LoginChallenge } from './login-challenge.ts'

export const LoginChallengeWire = Type.Object({
  client_name: nullable(
    Type.String({ description: 'The app that asks, for people; with its host where nobody registered it' }),
  ),
  login_hint: nullable(
    Type.String({
      description: 'Whom the app expects. From a stranger: fill a field with it, trust nothing',
    }),
  ),
  fresh_sign_in: Type.Boolean({
    description: 'Whether the person has to sign in anew, even where signed in already',
  }),
  created_at: Moment,
  expires_at: Moment,
})

export const AcceptWire = strictObject({
  user_id: AnyUserId,
  display_name: shownText(200, 'As the person knows themselves'),
  owners: Type.Array(strictObject({ id: OwnerId, name: shownText(200, 'For people') }), {
    maxItems: 200,
    description: 'For which owners the person may act',
  }),
  authenticated_at: Type.Optional({
    ...Moment,
    description: 'When the person signed in with you; without it, now. Needed where `fresh_sign_in` is true',
  }),
})

export const RejectWire = strictObject({ reason: shownText(300, 'For the person: it is shown') })

export const RedirectWire = Type.Object({
  redirect_to: Type.String({ description: 'Send the same browser there. Works once, in that browser only' }),
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

export function fromAcceptWire(body: Static<typeof AcceptWire>): ToldPerson {
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
