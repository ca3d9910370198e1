/** Headers that may differ between two equal requests, or belong to the connection. */
const ITS_OWN = new Set([
  'x-request-id',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
])
/** Headers that restrict a page; verdicts are not sent to browsers. */
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

/**
 * Headers for browsers on a response that is not a page: verdicts go to servers, tokens to scripts too.
 */
export const FOR_SCRIPTS = ['strict-transport-security', 'x-content-type-options'] as const

/**
 * The parts of an answer that must be equal on the fast path and on the usual path.
 *
 * @param without further headers that its fast path leaves out
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
