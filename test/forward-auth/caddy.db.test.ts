import assert from 'node:assert/strict'
import { it } from 'node:test'
import { findCaddy } from './caddy.ts'
import { checkProxy } from './proxy-checks.ts'

checkProxy({
  title: 'Caddy with forward_auth',
  program: findCaddy(),
  missing: 'NO CADDY: put it at /usr/bin/caddy or name it in CADDY_PATH',
  section: {
    kind: 'caddy',
    language: 'caddyfile',
    // For every host, so that paths are refused by their rule only.
    placesHere: (port) => [['api.example.com {', `http://:${port} {`]],
  },
  statusWhenAway: 502,
  more: (behind) => {
    it('keeps a WebSocket’s upgrade in the Connection header when it removes other options', async () => {
      const mine = `Authorization: Bearer ${behind().key.secret}`
      const connection = 'Connection: Doorward-Owner-Id, Upgrade, close'
      const { passed } = await behind().send('GET /orders', [connection, 'Upgrade: websocket', mine])
      assert.equal(passed?.headers.upgrade, 'websocket')
      assert.equal(passed?.headers.connection, 'Upgrade')
      assert.equal(passed?.headers['doorward-owner-id'], 'org_1')
    })
  },
})
