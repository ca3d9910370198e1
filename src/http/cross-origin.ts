/** For what apps in browsers call from their own origins, without cookies. Nothing behind it looks at a cookie. */
export const FROM_ANYWHERE = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
}

/**
 * The answer to a preflight. MCP clients send `MCP-Protocol-Version` wherever they go, and others send headers of their
 * own: any is allowed. Browsers take `*` for every header but `Authorization`, which has to be named (Fetch §4.8).
 */
export function preflightFor(method: 'GET' | 'POST'): Record<string, string> {
  return {
    ...FROM_ANYWHERE,
    'access-control-allow-methods': method,
    'access-control-allow-headers': 'Authorization, Content-Type, MCP-Protocol-Version, *',
    'access-control-max-age': '7200',
  }
}
