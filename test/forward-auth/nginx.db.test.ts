import assert from 'node:assert/strict'
import { it } from 'node:test'
import { findNginx } from './nginx.ts'
import { checkProxy } from './proxy-checks.ts'

checkProxy(
  'nginx with auth_request',
  findNginx(),
  'NO NGINX: put it at /usr/sbin/nginx or name it in NGINX_PATH',
  {
    kind: 'nginx',
    language: 'nginx',
    placesHere: (port, verifyKey) => [
      ['127.0.0.1:8080', `127.0.0.1:${port}`],
      ['ak_…', verifyKey],
    ],
  },
  { whenAway: 503 },
  (behind) => {
    it('the location that asks is not for clients', async () => {
      const { status, passed } = await behind().send('GET /_doorward')
      assert.deepEqual([status, passed], [404, undefined])
    })
  },
)
