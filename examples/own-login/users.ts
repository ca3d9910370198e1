import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'

/** A user of your own login; Doorward never sees the password. */
export interface OwnUser {
  /** Stable, and not an e-mail address, which can change its holder. */
  readonly id: string
  readonly name: string
  /** The owners that the user may act for. */
  readonly owners: readonly { readonly id: string; readonly name: string }[]
}

interface Kept extends OwnUser {
  readonly login: string
  readonly salt: Buffer
  readonly hash: Buffer
}

const ACME = { id: 'org_acme', name: 'Acme' }
const GLOBEX = { id: 'org_globex', name: 'Globex' }

/** Here in the code, as an example; yours are in a database. */
const USERS: readonly Kept[] = [
  kept({ id: 'u_1', name: 'Rosa', owners: [ACME] }, 'rosa', 'lamps and chairs'),
  kept({ id: 'u_2', name: 'Marcus', owners: [ACME, GLOBEX] }, 'marcus', 'standing desks'),
]

/** Checks a password. Null where it is wrong; an unknown name costs the same work, so that timing reveals no names. */
export function userWith(login: string, password: string): OwnUser | null {
  const user = USERS.find((each) => each.login === login)
  const { salt, hash } = user ?? NOBODY
  const matches = timingSafeEqual(hashed(password, salt), hash)
  return user !== undefined && matches ? { id: user.id, name: user.name, owners: user.owners } : null
}

function kept(user: OwnUser, login: string, password: string): Kept {
  const salt = randomBytes(16)
  return { ...user, login, salt, hash: hashed(password, salt) }
}

function hashed(password: string, salt: Buffer): Buffer {
  return scryptSync(password.slice(0, 200), salt, 32)
}

const NOBODY = { salt: randomBytes(16), hash: randomBytes(32) }
