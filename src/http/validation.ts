import { nearestName } from '@doorward/sdk/kernel'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { readMoment } from '../base/moment.ts'
import { type Fault, type Problem, problem } from './problem.ts'
import { withShownText } from './shown-text-keyword.ts'

/**
 * Strict validation: nothing in a body is dropped, defaulted or coerced. Query and path are text, so numbers and booleans
 * are parsed from it.
 */
const options = { removeAdditional: false, useDefaults: false, verbose: true } as const
const [ofBodies, ofTexts] = [false, true].map((coerceTypes) => ({
  untilFirst: open({ ...options, coerceTypes, allErrors: false }),
  all: open({ ...options, coerceTypes, allErrors: true }),
})) as [Compilers, Compilers]

interface Compilers {
  readonly untilFirst: Ajv
  readonly all: Ajv
}

function open(how: ConstructorParameters<typeof Ajv>[0]): Ajv {
  const ajv = addFormats.default(new Ajv(how))
  withShownText(ajv)
  return ajv.addFormat('date-time', { validate: (text: string) => readMoment(text) !== null })
}

/** Up to this many values in a request, all faults are reported; in a larger one, the first. */
const FEW_VALUES = 100

/**
 * Refuses a request at its first fault, in time bounded by the schema. A second validator then collects all faults of a
 * small request only, because each fault costs an object and a large request can have a million. Both are compiled when
 * they are first needed, because a start needs none of them.
 */
export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  const { untilFirst, all } = httpPart === 'body' ? ofBodies : ofTexts
  let isValid: ValidateFunction | null = null
  let withAllFaults: ValidateFunction | null = null
  const validate = (value: unknown): boolean => {
    isValid ??= untilFirst.compile(schema)
    if (isValid(value)) return true
    let refuse: ValidateFunction = isValid
    if (hasFewValues(value)) {
      withAllFaults ??= all.compile(schema)
      withAllFaults(value)
      refuse = withAllFaults
    }
    validate.errors = refuse.errors ?? []
    return false
  }
  validate.errors = [] as ErrorObject[]
  return validate
}

function hasFewValues(value: unknown): boolean {
  const open: unknown[] = [value]
  for (let seen = 0; open.length > 0; seen++) {
    if (seen > FEW_VALUES || open.length > FEW_VALUES) return false
    const next = open.pop()
    if (next === null || typeof next !== 'object') continue
    if (Array.isArray(next) && next.length > FEW_VALUES) return false
    for (const name in next) {
      if (open.length > FEW_VALUES) return false
      open.push((next as Record<string, unknown>)[name])
    }
  }
  return true
}

/** Most faults reported at once. */
const MAX_FAULTS = 20

/** Faults of a request, each once and with its place; an unknown field with the nearest known one. */
export function problemOfValidation(errors: readonly FastifySchemaValidationError[], part: string): Problem {
  const found = errors as readonly ErrorObject[]
  const faults = found
    .filter((error) => !isOfNullable(error, found))
    .slice(0, MAX_FAULTS)
    .map((error) => ({
      at: `${part === 'body' ? '' : `${part}:`}${error.instancePath || '/'}`,
      message: wordsFor(error, part),
    }))
  const unknown = errors.some((error) => error.keyword === 'additionalProperties')
  return problem(
    unknown ? 'unknown_field' : 'invalid_request',
    faults.map((fault: Fault) => `${fault.at} ${fault.message}`).join('; '),
    { faults },
  )
}

/** Validates one element of a batch by itself, up to its first fault. */
export function firstFault(schema: object): (value: unknown) => Fault | null {
  const isValid = ofBodies.untilFirst.compile(schema)
  return (value) => {
    if (isValid(value)) return null
    const [error] = isValid.errors ?? []
    return error === undefined
      ? { at: '', message: 'is not valid' }
      : { at: error.instancePath, message: wordsFor(error, 'body') }
  }
}

/** True for the faults that a nullable field adds: "must be null", and "must match one of the two". */
function isOfNullable(
  { keyword, schemaPath, instancePath }: ErrorObject,
  all: readonly ErrorObject[],
): boolean {
  if (keyword === 'anyOf')
    return all.some(
      (other) =>
        other.schemaPath.startsWith(`${schemaPath}/0`) && other.instancePath.startsWith(instancePath),
    )
  return keyword === 'type' && schemaPath.endsWith('/anyOf/1/type')
}

/** Most known fields listed in a message. */
const MAX_LISTED = 20

function wordsFor(
  { keyword, params, message = 'is not valid', data, parentSchema, schemaPath }: ErrorObject,
  part: string,
): string {
  const { description } = (parentSchema ?? {}) as { readonly description?: string }
  if (part !== 'body' && Array.isArray(data)) return 'is there more than once'
  if (part === 'params' && data === '') return 'is empty: the path has an extra slash, or its id is missing'
  switch (keyword) {
    case 'additionalProperties':
      return unknownField(String(params.additionalProperty), Object.keys(parentSchema?.properties ?? {}))
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`
    case 'type':
      return schemaPath.endsWith('/anyOf/0/type') ? `${message} or null` : message
    case 'pattern':
      return description === undefined ? message : `does not match: ${description}`
    case 'format':
      return params.format === 'date-time' ? whatMomentIs(part) : message
    case 'uniqueItems':
      return `${message}: ${JSON.stringify((data as unknown[])[params.i])?.slice(0, 100)} is there twice`
    default:
      return message
  }
}

function unknownField(field: string, known: readonly string[]): string {
  const nearest = nearestName(field, known)
  const fault = `has no field ${JSON.stringify(field.slice(0, 60))}`
  if (nearest !== null) return `${fault}; did you mean "${nearest}"?`
  if (known.length === 0) return `${fault}, nor any other`
  const more = known.length > MAX_LISTED ? ', …' : ''
  return `${fault}; it has ${known.slice(0, MAX_LISTED).join(', ')}${more}`
}

function whatMomentIs(part: string): string {
  const usual = 'must be a date, a time and an offset, such as 2030-01-31T12:00:00Z, until the year 9999'
  return part === 'body' ? usual : `${usual}; a + is written %2B in a URL`
}
