import { nearestName } from '@doorward/sdk/kernel'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { type Fault, type Problem, problem } from './problem.ts'

/**
 * Strict: nothing is dropped, defaulted or turned into another type in a body; in a query and a path all is text, so
 * numbers and booleans are read from it.
 */
const options = { allErrors: true, removeAdditional: false, useDefaults: false, verbose: true } as const
const strict = addFormats.default(new Ajv({ ...options, coerceTypes: false }))
const single = addFormats.default(new Ajv({ ...options, allErrors: false, coerceTypes: false }))
const fromText = addFormats.default(new Ajv({ ...options, coerceTypes: true }))

export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  (httpPart === 'body' ? strict : fromText).compile(schema)

/** Every fault of the request at once, each with its place; an unknown field with the nearest known one. */
export function problemOfValidation(errors: readonly FastifySchemaValidationError[], part: string): Problem {
  const faults = errors.slice(0, 20).map((error) => faultOf(error, part))
  const unknown = errors.some((error) => error.keyword === 'additionalProperties')
  return problem(
    unknown ? 'unknown_field' : 'invalid_request',
    faults.map((fault) => `${fault.at} ${fault.message}`).join('; '),
    { faults },
  )
}

/** Looks at one thing of many by itself, and stops at its first fault. */
export function firstFault(schema: object): (value: unknown) => Fault | null {
  const isValid = single.compile(schema)
  return (value) => {
    if (isValid(value)) return null
    const [error] = isValid.errors ?? []
    return { at: error?.instancePath ?? '', message: error?.message ?? 'is not valid' }
  }
}

function faultOf(error: FastifySchemaValidationError & { parentSchema?: unknown }, part: string): Fault {
  const at = `${part === 'body' ? '' : `${part}:`}${error.instancePath || '/'}`
  const field = error.params.additionalProperty
  if (error.keyword !== 'additionalProperties' || typeof field !== 'string')
    return { at, message: error.message ?? 'is not valid' }
  const nearest = nearestName(field, knownFields(error.parentSchema))
  const name = JSON.stringify(field.slice(0, 60))
  return {
    at,
    message: nearest === null ? `has no field ${name}` : `has no field ${name}; did you mean "${nearest}"?`,
  }
}

function knownFields(schema: unknown): string[] {
  const properties =
    schema !== null && typeof schema === 'object' && 'properties' in schema ? schema.properties : {}
  return Object.keys(properties ?? {})
}

/** Deeper JSON than this is refused before anything walks it. */
const MAX_DEPTH = 16

/** Text that the database cannot keep (NUL, half a surrogate pair) and nesting beyond sense; null where all is well. */
export function unstorableText(body: unknown): Problem | null {
  const open: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
      return problem('invalid_request', 'A text holds a NUL character or half a surrogate pair.')
    if (value === null || typeof value !== 'object') continue
    if (depth === MAX_DEPTH)
      return problem('invalid_request', `The JSON is nested deeper than ${MAX_DEPTH} levels.`)
    for (const [key, part] of Object.entries(value))
      open.push({ value: key, depth: depth + 1 }, { value: part, depth: depth + 1 })
  }
  return null
}
