import { Type } from 'typebox'
import {
  Cursor,
  idOf,
  iso,
  Limit,
  Moment,
  nullable,
  OwnerId,
  oneOf,
  plainText,
  Sort,
  searched,
  shownText,
  strictObject,
  theirUserId,
} from '../http/wire.ts'
import { USER_STATES, type User } from './user.ts'

const Email = Type.String({
  format: 'email',
  maxLength: 254,
  description: 'The address that the user signs in with',
})
export const UserId = idOf('usr')
/** Id of a user, ours or the API provider's: OpenID Connect Core §2 allows a `sub` of 255 ASCII characters. */
export const AnyUserId = theirUserId(255, 'Id of a Doorward user, or your own user id with an external login')

export const NewUserWire = strictObject({
  email: Email,
  name: shownText(200, 'Display name'),
  password: Type.Optional(
    Type.String({
      maxLength: 1000,
      description: 'Default: none; the response has a link with which the user sets one',
    }),
  ),
})

export const UserListQuery = strictObject({
  q: Type.Optional(searched('In the name or the e-mail address, in either case; or the whole id')),
  owner_id: Type.Optional(OwnerId),
  email: Type.Optional(Email),
  state: Type.Optional(oneOf(USER_STATES)),
  sort: Type.Optional(Sort),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

export const UserWire = Type.Object({
  id: Type.String(),
  email: Type.String(),
  name: Type.String(),
  owners: Type.Array(Type.Object({ id: Type.String(), name: Type.String() }), {
    description: 'Owners that the user may act for; with an admin key bound to one owner, only that one',
  }),
  password_set_at: nullable(Moment),
  created_at: Moment,
  disabled_at: nullable(Moment),
  disabled_reason: nullable(Type.String()),
})

export const DisableWire = strictObject({
  reason: plainText(300, 'Kept with the user and in the audit log'),
})

/** State of a user, ours or of the external login. */
export const UserStateWire = Type.Object({
  id: Type.String(),
  disabled_at: nullable(Moment),
  disabled_reason: nullable(Type.String()),
})

export const PasswordLinkWire = Type.Object({
  url: Type.String({ description: 'Works once. Returned only in this response' }),
  expires_at: Moment,
})

export const NewUserAnswerWire = Type.Object({
  ...UserWire.properties,
  password_link: nullable(PasswordLinkWire),
})

export function toUserWire(user: User) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    owners: user.owners,
    password_set_at: iso(user.passwordSetAt),
    created_at: iso(user.createdAt),
    disabled_at: iso(user.disabledAt),
    disabled_reason: user.disabledReason,
  }
}
