import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { withShownText } from './shown-keyword.ts'

/** More faults than this are not told at once. */
const MAX_FAULTS = 10

/** The faults of a file's content, each with its place, by the same rules as those of a request. */
export function faultsOfFile(schema: object, content: unknown): readonly string[] {
  const check = withShownText(addFormats.default(new Ajv({ allErrors: true }))).compile(schema)
  if (check(content)) return []
  return (check.errors ?? [])
    .slice(0, MAX_FAULTS)
    .map((fault) => `${fault.instancePath || '/'} ${fault.message}`)
}
