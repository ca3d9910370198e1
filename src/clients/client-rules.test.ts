import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredSecret } from '../secrets/secret.ts'
import { client as clientOf } from './authentication/client.fixture.ts'
import type { AuthMethod, ClientWithSecrets } from './client.ts'
import {
  whyNotChangeClient,
  whyNotFinishClientRotation,
  whyNotPublishClient,
  whyNotResumeClient,
  whyNotRevokeClient,
  whyNotRotateClient,
  whyNotSuspendClient,
  whyNotUndoClientRotation,
} from './client-rules.ts'

const NOW = new Date('2030-01-01T12:00:00.000Z')
const BEFORE = new Date('2030-01-01T11:00:00.000Z')
const LATER = new Date('2030-01-01T13:00:00.000Z')

const secret = (id: string, more: Partial<StoredSecret> = {}): StoredSecret => ({
  ...{ id, holderId: 'cli_1', hint: 'cs_live_abc1…', createdAt: BEFORE, expiresAt: null },
  ...{ retiresAt: null, retiredAt: null, finishWhenSilentSeconds: null, revokedAt: null, exposedAt: null },
  ...{ lastUsedAt: null, lastUsedIp: null, lastUsedUserAgent: null },
  ...more,
})
const ONE = [secret('sec_1')]
const EXPIRED = [secret('sec_1', { expiresAt: BEFORE })]
const ROTATING = [secret('sec_2'), secret('sec_1', { retiresAt: LATER })]
const IN_USE = [secret('sec_2', { lastUsedAt: BEFORE }), secret('sec_1', { retiresAt: LATER })]

type Codes = Record<
  'change' | 'publish' | 'suspend' | 'resume' | 'revoke' | 'rotate' | 'finish' | 'undo',
  string
>

/** Of a published client with one secret. */
const USUAL: Codes = {
  ...{ change: '', publish: 'already_published', suspend: '', resume: 'not_suspended', revoke: '' },
  ...{ rotate: '', finish: 'no_rotation', undo: 'no_rotation' },
}
const GONE = 'client_revoked'
const NONE = 'client_without_secret'

describe('what can be done with a client', () => {
  const table: [
    what: string,
    client: Partial<ClientWithSecrets>,
    asOwner: Partial<Codes>,
    asProvider?: Partial<Codes> | undefined,
    method?: AuthMethod,
  ][] = [
    ['published', {}, {}],
    ['a draft', { publishedAt: null }, { publish: '' }],
    ['its secret expired', { secrets: EXPIRED }, {}],
    ['rotating', { secrets: ROTATING }, { rotate: 'rotation_running', finish: '', undo: '' }],
    [
      'rotating, the new secret used',
      { secrets: IN_USE },
      { rotate: 'rotation_running', finish: '', undo: 'rotation_in_use' },
    ],
    [
      'suspended by its owner',
      { suspendedAt: BEFORE },
      { suspend: 'already_suspended', resume: '' },
      { suspend: '', resume: '' },
    ],
    [
      'suspended by the API provider',
      { suspendedAt: BEFORE, suspendedByProvider: true },
      { suspend: 'already_suspended', resume: 'exceeds_authority' },
      { suspend: 'already_suspended', resume: '' },
    ],
    ['without a secret yet', { secrets: [] }, { finish: NONE, undo: NONE }],
    ['public', { secrets: [] }, { rotate: NONE, finish: NONE, undo: NONE }, undefined, 'none'],
    [
      'revoked, whatever else it is',
      {
        revokedAt: BEFORE,
        suspendedAt: BEFORE,
        suspendedByProvider: true,
        publishedAt: null,
        secrets: IN_USE,
      },
      {
        ...{ change: GONE, publish: GONE, suspend: GONE, resume: GONE },
        ...{ revoke: GONE, rotate: GONE, finish: GONE, undo: GONE },
      },
    ],
  ]
  for (const [what, more, asOwner, asProvider = asOwner, method = 'client_secret_basic'] of table)
    for (const [who, byProvider, codes] of [
      ['its owner', false, asOwner],
      ['the API provider', true, asProvider],
    ] as const)
      it(`KEY-14 KEY-11: ${what}, by ${who}`, () => {
        const subject: ClientWithSecrets = { ...clientOf(method), secrets: ONE, ...more }
        const codeOf = (why: { readonly code: string } | null) => why?.code ?? ''
        assert.deepEqual(
          {
            change: codeOf(whyNotChangeClient(subject)),
            publish: codeOf(whyNotPublishClient(subject)),
            suspend: codeOf(whyNotSuspendClient(subject, byProvider)),
            resume: codeOf(whyNotResumeClient(subject, byProvider)),
            revoke: codeOf(whyNotRevokeClient(subject)),
            rotate: codeOf(whyNotRotateClient(subject, NOW)),
            finish: codeOf(whyNotFinishClientRotation(subject, NOW)),
            undo: codeOf(whyNotUndoClientRotation(subject, NOW)),
          },
          { ...USUAL, ...codes },
        )
      })
})
