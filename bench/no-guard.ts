/** What `without-guard.ts` puts in the place of `@doorward/sdk/fastify`: the same face, and nothing behind it. */
export function doorward() {
  const principal = { ownerId: 'org_acme' }
  return {
    guard: () => (request: { principal?: typeof principal }, _reply: unknown, done: () => void) => {
      request.principal = principal
      done()
    },
    close: async () => {},
  }
}
