import assert from 'node:assert/strict'
import { it } from 'node:test'
import { noteAnswered, submissionKey } from './submission-key.ts'

it('MGT-15: a submission has one key until it is answered, and another one after that', () => {
  const rotate = 'POST /v1/keys/key_1/rotate {"overlap_seconds":0}'
  const first = submissionKey(rotate)
  assert.equal(submissionKey(rotate), first)
  assert.notEqual(submissionKey(rotate.replace('key_1', 'key_2')), first)
  noteAnswered(rotate)
  assert.notEqual(submissionKey(rotate), first)
})
