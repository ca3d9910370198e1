import type { Origin } from '../audit/audit-event.ts'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { allApis, insertApi, lockCatalogue, updateApi } from './scope.store.ts'

/** Declares a protected resource beside the default one; its identifier is unique. */
export async function declareApi(
  tx: Tx,
  origin: Origin,
  { identifier, name }: { identifier: string; name: string },
): Promise<Result<string, Problem>> {
  const id = newId('api')
  if (!(await insertApi(tx, { id, identifier, name }, origin.now))) return no(taken(identifier))
  await record(tx, origin, {
    action: 'api.created',
    target: { id, ownerId: null },
    detail: { identifier, name },
  })
  return yes(id)
}

/** Renames an API, or gives it another identifier; its scopes stay with it. */
export async function changeApi(
  tx: Tx,
  origin: Origin,
  id: string,
  change: { identifier?: string | undefined; name?: string | undefined },
): Promise<Result<string, Problem>> {
  await lockCatalogue(tx)
  const apis = await allApis(tx)
  const api = apis.find((each) => each.id === id)
  if (api === undefined) return no(NOT_FOUND)
  const { identifier = api.identifier, name = api.name } = change
  if (apis.some((each) => each.id !== id && each.identifier === identifier)) return no(taken(identifier))
  if (identifier === api.identifier && name === api.name) return yes(id)
  await updateApi(tx, { id, identifier, name })
  await record(tx, origin, {
    action: 'api.changed',
    target: { id, ownerId: null },
    detail: { identifier, name },
    // The audience of a token is the identifier.
    altersVerdictsOf: identifier === api.identifier ? 'nothing' : 'everything',
  })
  return yes(id)
}

function taken(identifier: string): Problem {
  return problem('api_in_use', `Another API has the identifier ${identifier}.`)
}
