import type { Ajv, FuncKeywordDefinition, SchemaValidateFunction } from 'ajv'
import { whyNotShown } from '../base/shown-text.ts'

/** JSON Schema keyword of texts that are shown to people. */
export const SHOWN_KEYWORD = 'x-shown-text'

const validate: SchemaValidateFunction = (_schema: boolean, text: string) => {
  const why = whyNotShown(text)
  if (why === null) return true
  validate.errors = [{ keyword: SHOWN_KEYWORD, message: why, params: {} }]
  return false
}

const DEFINITION: FuncKeywordDefinition = {
  keyword: SHOWN_KEYWORD,
  type: 'string',
  schemaType: 'boolean',
  errors: true,
  validate,
}

/** Adds the keyword to a validator: its faults are sentences instead of a pattern. */
export function withShownText(ajv: Ajv): Ajv {
  return ajv.addKeyword(DEFINITION)
}
