import { Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../../base/result.ts'
import { type ClientRefusal, type ClientRefusalReason, refuseClient } from './client-refusal.ts'

/** The parts of a form post that can authenticate a client. Never the query (RFC 6749 §2.3.1). */
export interface ClientRequest {
  /** All `Authorization` headers, as sent. */
  readonly authorization: readonly string[]
  readonly form: URLSearchParams
}

/** The claimed client and its proof; nothing is verified yet. */
export type PresentedClient =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post'
      readonly clientId: string
      readonly secret: Secret
    }
  | { readonly method: 'private_key_jwt'; readonly clientId: string | null; readonly assertion: string }
  | { readonly method: 'none'; readonly clientId: string }

/** RFC 7523 §2.2 */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const PARAMETERS = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'] as const
type Parameter = (typeof PARAMETERS)[number]

/** Reads the one authentication method of a request: two methods are refused (RFC 6749 §2.3). */
export function readClient(request: ClientRequest): Result<PresentedClient, ClientRefusal> {
  const form = readForm(request.form)
  const [header, another] = request.authorization
  if (form === null) return no(refuseClient('repeated_parameter', { usedBasic: header !== undefined }))
  const { client_id: clientId = null, client_secret: secret, client_assertion: assertion } = form
  const refused = (reason: ClientRefusalReason) =>
    no(refuseClient(reason, { clientId, usedBasic: header !== undefined && isBasic(header) }))

  const proofs = [header, secret, assertion ?? form.client_assertion_type]
  if (another !== undefined || proofs.filter((proof) => proof !== undefined).length > 1)
    return refused('two_methods')
  if (header !== undefined) {
    if (!isBasic(header)) return refused('unsupported_scheme')
    const basic = readBasic(header)
    if (basic === null) return refused('malformed_basic')
    return clientId === null || clientId === basic.clientId
      ? yes({ method: 'client_secret_basic', ...basic })
      : refused('client_id_mismatch')
  }
  if (form.client_assertion_type !== undefined || assertion !== undefined) {
    if (form.client_assertion_type !== JWT_BEARER || assertion === undefined)
      return refused('unsupported_assertion_type')
    return yes({ method: 'private_key_jwt', clientId, assertion })
  }
  if (clientId === null) return refused('no_client')
  return yes(
    secret === undefined
      ? { method: 'none', clientId }
      : { method: 'client_secret_post', clientId, secret: new Secret(secret) },
  )
}

/** RFC 6749 §3.2: a parameter without a value counts as omitted, and none may be repeated. */
function readForm(form: URLSearchParams): Partial<Record<Parameter, string>> | null {
  const read: Partial<Record<Parameter, string>> = {}
  for (const name of PARAMETERS) {
    const values = form.getAll(name)
    if (values.length > 1) return null
    const [value = ''] = values
    if (value !== '') read[name] = value
  }
  return read
}

function isBasic(header: string): boolean {
  return /^basic(?: |$)/i.test(header)
}

/**
 * RFC 6749 §2.3.1: id and secret are form-encoded, joined by a colon, then base64. Many clients omit the form
 * encoding. Our ids and secrets consist of letters, digits and `_`, so both forms are the same.
 */
function readBasic(header: string): { clientId: string; secret: Secret } | null {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header) ?? []
  const text = Buffer.from(encoded ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1) return null
  const clientId = formDecode(text.slice(0, colon))
  const secret = formDecode(text.slice(colon + 1))
  return clientId === null || secret === null ? null : { clientId, secret: new Secret(secret) }
}

function formDecode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
