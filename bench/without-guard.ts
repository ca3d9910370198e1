import { registerHooks } from 'node:module'

/** Loaded before the orders API, replaces the SDK: every request is let in, as one owner. */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@doorward/sdk/fastify'
      ? { url: new URL('no-guard.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})
