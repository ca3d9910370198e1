import assert from 'node:assert/strict'
import { it } from 'node:test'
import { findNginx } from './nginx.ts'
import { checkProxy } from './proxy-checks.ts'

checkProxy({
  title: 'nginx with auth_request',
  program: findNginx(),
  missing: 'NO NGINX: put it at /usr/sbin/nginx or name it in NGINX_PATH',
  section: {
    kind: 'nginx',
    language: 'nginx',
    placesHere: (port, verifyKey) => [
      ['127.0.0.1:8080', `127.0.0.1:${port}`],
      ['ak_…', verifyKey],
    ],
  },
  statusWhenAway: 503,
  more: (behind) => {
    it('refuses clients at the internal location', async () => {
      const { status, passed } = await behind().send('GET /_doorward')
      assert.deepEqual([status, passed], [404, undefined])
    })
  },
})
