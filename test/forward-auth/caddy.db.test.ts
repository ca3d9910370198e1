import { findCaddy } from './caddy.ts'
import { checkProxy } from './proxy-checks.ts'

checkProxy(
  'Caddy with forward_auth',
  findCaddy(),
  'NO CADDY: put it at /usr/bin/caddy or name it in CADDY_PATH',
  {
    kind: 'caddy',
    language: 'caddyfile',
    // For every host, so that no path is refused for another reason than its rule.
    placesHere: (port) => [['api.example.com {', `http://:${port} {`]],
  },
  { whenAway: 502 },
)
