import assert from 'node:assert/strict'
import { after, describe, it, mock } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseIpRanges } from '@doorward/sdk/kernel'
import { DEFAULT_SETTINGS } from '../../../test/app.ts'
import { openJar, withForm } from '../../../test/cookie-jar.ts'
import { CLIENT, openIdentityProvider, type TestIdentityProvider } from '../../../test/identity-provider.ts'
import { openListening } from '../../../test/sign-in.ts'
import { staffAs, staffHeaders } from '../../../test/staff.ts'

const provider = await openIdentityProvider('http://doorward.test/staff/sso/callback')
if (provider === null) it('an internal provider', { skip: 'NO OPENSSL to make a certificate with' })

/** On this machine, at 127.0.0.1, with the server's own guard: it trusts the certificate as it would one of a known authority. */
describe('an identity provider on an internal address', { skip: provider === null }, () => {
  const { issuer, browser, certificate, close } = provider as TestIdentityProvider
  const usual = getCACertificates('default')
  if (provider !== null) setDefaultCACertificates([...usual, certificate])
  after(() => {
    setDefaultCACertificates(usual)
    close()
  })

  const networksOf = (...entries: string[]) => {
    const ranges = parseIpRanges(entries)
    assert.ok(!('notARange' in ranges))
    return ranges
  }
  const set = { issuer, ...CLIENT, domains: ['example.com'] }

  it('REG-11: is refused unless the operator has listed its network', async () => {
    for (const ssoNetworks of [null, networksOf('10.0.0.0/8', '127.0.0.2', '::1')]) {
      const { app } = await openListening({ ssoNetworks })
      const { as } = await staffAs(app, 'administrator')
      const { status, body } = await app.call('PUT', '/v1/single-sign-on', set, as)
      assert.deepEqual([status, body.code], [400, 'identity_provider_unusable'])
      assert.match(body.detail, /address_not_public/)
      await app.close()
    }
  })

  it('REG-11: signs staff in where it is listed, and the list opens nothing to documents of strangers', async () => {
    const oauth = { ...DEFAULT_SETTINGS.oauth, documentHosts: 'any' } as const
    const ssoNetworks = networksOf('127.0.0.0/8')
    const { app, origin } = await openListening({ ssoNetworks, oauth })
    mock.timers.enable({ apis: ['Date'], now: app.clock.nowMs() })
    const { as } = await staffAs(app, 'administrator')
    assert.equal((await app.call('PUT', '/v1/single-sign-on', set, as)).status, 200)
    const jar = openJar(origin)
    const begun = await jar.submit(withForm(await jar.get('/staff/sign-in'), '/staff/sso'), {})
    const person = { sub: 'bea', email: 'bea@example.com', email_verified: true, name: 'Bea' }
    await jar.get(await browser(person).follow(begun.location ?? ''))
    const headers = staffHeaders(jar.cookies.get('doorward-staff') ?? '')
    const { body: session } = await app.call('GET', '/v1/session', undefined, { as: null, headers })
    assert.equal(session.staff.email, 'bea@example.com')

    const clientId = `${issuer}/client.json`
    const asked = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: 'https://a.example/cb',
    })
    const page = await openJar(origin).get(`/oauth/authorize?${asked}`)
    assert.notEqual(page.status, 303)
    assert.match(app.log(), /address_not_public/)
    mock.timers.reset()
    await app.close()
  })
})
