import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ProxyProgram } from './proxy-process.ts'

/** Caddy on loopback, with its files in its directory and no calls but to its upstreams; null where not installed. */
export function findCaddy(): ProxyProgram | null {
  const places = [process.env.CADDY_PATH, '/usr/bin/caddy', '/usr/local/bin/caddy', '/opt/homebrew/bin/caddy']
  const binary = places.find((place) => place !== undefined && existsSync(place))
  if (binary === undefined) return null
  return {
    name: 'Caddy',
    binary,
    file: 'Caddyfile',
    argumentsIn: (directory) => ['run', '--config', join(directory, 'Caddyfile'), '--adapter', 'caddyfile'],
    environmentIn: (directory) => ({
      HOME: directory,
      XDG_CONFIG_HOME: directory,
      XDG_DATA_HOME: directory,
    }),
    configure: (sites) => `{
	admin off
	auto_https off
	default_bind 127.0.0.1
}
${sites}`,
  }
}
