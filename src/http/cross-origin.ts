/** CORS for endpoints that browser apps call from their own origins. No endpoint with these headers reads a cookie. */
export const FROM_ANYWHERE = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
}

/**
 * Response to a CORS preflight. MCP clients send `MCP-Protocol-Version` everywhere, and others send their own headers, so
 * any is allowed. For browsers `*` means every header but `Authorization`, which must be named (Fetch §4.8).
 */
export function preflightFor(method: 'GET' | 'POST'): Record<string, string> {
  return {
    ...FROM_ANYWHERE,
    'access-control-allow-methods': method,
    'access-control-allow-headers': 'Authorization, Content-Type, MCP-Protocol-Version, *',
    'access-control-max-age': '7200',
  }
}
