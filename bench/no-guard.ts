interface Guarded {
  principal?: { readonly ownerId: string }
}

/** Replaces `@doorward/sdk/fastify` in `without-guard.ts`: the same exports, which verify nothing. */
export function doorward() {
  const principal = { ownerId: 'org_acme' }
  return {
    guard: () => (request: Guarded, _reply: unknown, done: () => void) => {
      request.principal = principal
      done()
    },
    close: async () => {},
  }
}

export function principalOf({ principal }: Guarded) {
  return principal
}
