import type { Principal } from '../verdict/record.ts'

/**
 * Returns the principal of a request that a guard let in. `request.principal` may be undefined, because no type can say
 * which routes have a guard.
 *
 * @throws Error where no guard ran: a handler without a guard must not answer as if it had one
 */
export function principalOf({ principal }: { readonly principal?: Principal | undefined }): Principal {
  if (principal === undefined)
    throw new Error(
      "This request has no principal, because no Doorward guard ran before the handler. Put guard('<scope>') in front of it.",
    )
  return principal
}
