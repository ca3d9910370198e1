/** What may differ between two requests for the same, or is the connection's matter. */
const ITS_OWN = new Set([
  'x-request-id',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
])
/** What tells a browser what a page may do: no browser gets a verdict. */
const FOR_BROWSERS = new Set([
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'permissions-policy',
  'referrer-policy',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
])

/** What tells a browser how to treat an answer that is no page: servers get verdicts, scripts may get tokens. */
export const FOR_SCRIPTS = ['strict-transport-security', 'x-content-type-options'] as const

/**
 * An answer as it must be, whichever way the request took.
 *
 * @param without further headers that its short way leaves out
 */
export function comparable(
  { status, headers, text }: { status: number; headers: object; text: string },
  isShort = status === 200,
  without: readonly string[] = [],
) {
  const named = Object.entries(headers).filter(
    ([name]) => !ITS_OWN.has(name) && !(isShort && (FOR_BROWSERS.has(name) || without.includes(name))),
  )
  const body = text === '' ? null : JSON.parse(text)
  if (typeof body?.request_id === 'string') body.request_id = '…'
  return { status, headers: Object.fromEntries(named.map(([name, value]) => [name, String(value)])), body }
}
