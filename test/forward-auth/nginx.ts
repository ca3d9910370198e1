import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { ProxyProgram } from './proxy-process.ts'

/** nginx as one process; null where not installed, or without `auth_request`. */
export function findNginx(): ProxyProgram | null {
  const places = [
    process.env.NGINX_PATH,
    '/usr/sbin/nginx',
    '/usr/local/sbin/nginx',
    '/opt/homebrew/bin/nginx',
  ]
  const binary = places.find((place) => place !== undefined && existsSync(place))
  if (binary === undefined) return null
  const { stderr } = spawnSync(binary, ['-V'], { encoding: 'utf8' })
  if (!stderr.includes('with-http_auth_request_module')) return null
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return {
    name: 'nginx',
    binary,
    file: 'nginx.conf',
    argumentsIn: (directory) => ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'],
    environmentIn: () => ({}),
    configure: (
      http,
    ) => `daemon off; master_process off; worker_rlimit_nofile 1024; pid nginx.pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join(' ')}
  ${http}
}`,
  }
}
