import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { PolicyRules } from '../../src/owners/policy.ts'
import { toRuleFields } from '../../src/owners/policy-fields.ts'
import { POLICY_PRESETS, PRESET_NAMES } from '../../src/owners/policy-preset.ts'
import { openTestApp, type TestApp } from '../app.ts'

const GUIDES = ['lifecycle', 'policies'] as const
const textOf = (name: string) =>
  readFileSync(new URL(`../../docs/guides/${name}.md`, import.meta.url), 'utf8')

/** Method, path and body of each `curl` in the shell blocks of a page, save those with an id that the reader has to fill in (`…`). */
function commandsIn(page: string): { method: string; url: string; body: object | undefined }[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block)
  const commands = blocks
    .flatMap((block) => block.split(/^(?=curl )/m))
    .filter((each) => each.startsWith('curl ') && !/\$URL\S*…/.test(each))
  return commands.map((command) => {
    const url = /\$URL([^\s"]*)/.exec(command)?.[1] ?? ''
    const body = /-d '([^']*)'/s.exec(command)?.[1]
    const method = /-X ([A-Z]+)/.exec(command)?.[1] ?? (body === undefined ? 'GET' : 'POST')
    return { method, url, body: body === undefined ? undefined : JSON.parse(body) }
  })
}

describe('the commands of guides', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    await app.keyFor('org_42')
  })
  after(() => app.close())

  for (const name of GUIDES)
    it(`of ${name}.md do what the page says, in their order`, async () => {
      const commands = commandsIn(textOf(name))
      assert.ok(commands.length >= 3)
      for (const { method, url, body } of commands) {
        const { status, text } = await app.call(method as 'GET', url, body)
        // An id that is the reader's own is cut short: there is the operation, and no such object.
        const expected = url.includes('…') ? [400, 404] : [200, 201]
        assert.ok(expected.includes(status), `${method} ${url}: ${status} ${text}`)
      }
    })

  it('policies.md has the presets as they are', () => {
    const days = (seconds: number | null) => (seconds === null ? '' : `${seconds / 86_400} days`)
    const rows = [
      ['longest lifetime', ({ maxLifetimeSeconds }) => days(maxLifetimeSeconds)],
      ['default lifetime', ({ defaultLifetimeSeconds }) => days(defaultLifetimeSeconds)],
      ['"never expires"', ({ neverExpiresAllowed }) => (neverExpiresAllowed ? 'allowed' : 'no')],
      ['longest overlap', ({ maxOverlapSeconds }) => days(maxOverlapSeconds)],
      [
        'rotation due after',
        ({ rotateEveryDays }) => (rotateEveryDays === null ? '' : `${rotateEveryDays} days`),
      ],
      ['notices, in days before the end', ({ noticeTiers }) => noticeTiers?.join(', ') ?? 'as usual'],
    ] as const satisfies readonly (readonly [string, (rules: PolicyRules) => string])[]
    for (const [name, cellOf] of rows) {
      const cells = [name, ...PRESET_NAMES.map((preset) => cellOf(POLICY_PRESETS[preset]))]
      assert.ok(textOf('policies').includes(`| ${cells.join(' | ')} |`.replaceAll('  ', ' ')), cells.join())
    }
  })

  it('lifecycle.md sets up 90 days with its first commands, as the preset soc2 has them', async () => {
    const [tried, set] = commandsIn(textOf('lifecycle')).map(({ body }) => body)
    assert.deepEqual(tried, { ...set, dry_run: true })
    const { max_keys, ...preset } = toRuleFields(POLICY_PRESETS.soc2)
    const none: Record<string, unknown> = toRuleFields(POLICY_PRESETS.open)
    const sets = Object.entries(preset).filter(([name, value]) => value !== none[name])
    assert.deepEqual([max_keys, set], [null, Object.fromEntries(sets)])
    await app.call('PATCH', '/v1/policies/live', set)
    const { id } = await app.keyFor('org_42')
    const { body: key } = await app.call('GET', `/v1/keys/${id}`)
    const days = (at: string) => (Date.parse(at) - app.clock.now().getTime()) / 86_400_000
    assert.deepEqual([days(key.expires_at), days(key.rotation_due_at)], [90, 60])
  })
})
