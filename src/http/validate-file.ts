import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { withShownText } from './shown-text-keyword.ts'

/** Most faults reported at once. */
const MAX_FAULTS = 10

/** Validates a file's content by the rules of requests. @returns the faults, each with its place */
export function faultsInFile(schema: object, content: unknown): readonly string[] {
  const check = withShownText(addFormats.default(new Ajv({ allErrors: true }))).compile(schema)
  if (check(content)) return []
  return (check.errors ?? []).slice(0, MAX_FAULTS).map(({ keyword, params, instancePath, message }) => {
    if (keyword === 'additionalProperties')
      return `${instancePath}/${params.additionalProperty} is not known here`
    return `${instancePath || '/'} ${message}`
  })
}
