import { sql } from 'kysely'

/**
 * Condition: a client without pre-registration may have the scope `name`. Unless an operator has set its ceiling, it
 * may have what is basic at the moment, so marking a scope as restricted takes it from such clients at once.
 */
const IS_OPEN_TO_CLIENT = sql`
  case when clients.source = 'registered' or clients.ceiling_set_by_operator then true
  else not exists (select from scopes where scopes.name = name.name and scopes.sensitivity <> 'basic') end`

/** Condition: the scope `name` is one that a row of `grants` and its row of `clients` still have. */
export const IS_STILL_ALLOWED = sql`
  name.name = any(grants.scopes) and name.name = any(clients.required_scopes || clients.optional_scopes)
  and ${IS_OPEN_TO_CLIENT}`

/** The scopes that allowed ones implied when the user allowed them, of a row of `grants`, separated by blanks. */
export function stillImplied(allowed: ReturnType<typeof sql>) {
  return sql`array_to_string(array(
    select name.name from unnest(grants.brought) as pair
    cross join lateral (select split_part(pair, ' ', 2) as name) as name
    where split_part(pair, ' ', 1) = any(${allowed}) and ${IS_OPEN_TO_CLIENT}
  ), ' ')`
}
