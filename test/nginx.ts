import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endAtExit, exitWhenTerminated } from './left-behind.ts'

/** Where nginx is; null where there is none, or one without `auth_request`. */
export function findNginx(): string | null {
  const places = [
    process.env.NGINX_PATH,
    '/usr/sbin/nginx',
    '/usr/local/sbin/nginx',
    '/opt/homebrew/bin/nginx',
  ]
  const found = places.find((place) => place !== undefined && existsSync(place))
  if (found === undefined) return null
  const { stderr } = spawnSync(found, ['-V'], { encoding: 'utf8' })
  return stderr.includes('with-http_auth_request_module') ? found : null
}

export interface Nginx {
  /** What it wrote to its error log. */
  said(): string
  stop(): Promise<void>
}

exitWhenTerminated()

/** A real nginx as one process, in a directory of its own, which listens on `port` as `http` says. */
export async function startNginx(binary: string, port: number, http: string): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'doorward-nginx-'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; worker_rlimit_nofile 1024; pid nginx.pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join(' ')}
  ${http}
}`,
  )
  const child = spawn(binary, ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.once(
    'exit',
    endAtExit(() => child.kill('SIGKILL')),
  )
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
  const giveUpAt = Date.now() + 10_000
  while (!(await isOpen(port))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      await stop()
      throw new Error(`nginx does not listen:\n${said}`)
    }
    await sleep(20)
  }
  return { said: () => said, stop }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
