import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'

type BuildSerializer = ReturnType<typeof SerializerSelector>

/**
 * Compiles the serializer of a response when the first such response is sent. There are some hundred, a start needs
 * none, and compiling them all took half of its processor time. A test
 * lets every operation succeed (MGT-18), so a schema that does not compile is found there.
 */
export const buildLazySerializer: BuildSerializer = (sharedSchemas, options) => {
  const compile = SerializerSelector()(sharedSchemas, options)
  return (route) => {
    let serialize: ReturnType<typeof compile> | null = null
    return (document) => {
      serialize ??= compile(route)
      return serialize(document)
    }
  }
}
