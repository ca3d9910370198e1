import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openSecondNode } from '../../test/app.ts'
import { arrive, authorizePath, type OAuthApp, openOAuthApp, pkce } from '../../test/oauth.ts'
import { staffAs } from '../../test/staff.ts'
import { lockBranding, putBranding } from './branding.store.ts'
import { IMAGES, pngOf } from './logo.fixture.ts'
import { SHOWN_FRESH_MS } from './shown-branding.ts'

const LOGO = pngOf(64, 32)
const BRAND = {
  product_name: 'Tidewater',
  accent_color: '#0B66D8',
  logo: LOGO.toString('base64'),
  support_url: 'mailto:help@tidewater.example',
  privacy_url: 'https://tidewater.example/privacy',
  terms_url: 'https://tidewater.example/terms',
}
/** The page that needs no row of its own. */
const SIGN_IN = '/staff/sign-in'
const NOTHING = {
  product_name: null,
  accent_color: null,
  logo: null,
  support_url: null,
  privacy_url: null,
  terms_url: null,
}

describe('branding', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ owners: ['org_1'] })
  })
  after(() => oauth?.close())

  const call = (method: string, body?: object) => oauth.app.call(method, '/v1/branding', body)
  const set = async (body: object) => {
    const { status, body: set } = await call('PATCH', body)
    assert.equal(status, 200)
    return set
  }
  const page = (path: string) => oauth.app.call('GET', path, undefined, { as: null })

  it('is set and removed field by field, and read back with the contrast of the colour', async () => {
    const { changed_at, logo, accent, ...texts } = await set(BRAND)
    assert.equal(changed_at, oauth.app.clock.now().toISOString())
    const { logo: _, ...said } = { ...BRAND, accent_color: '#0b66d8' }
    assert.deepEqual(texts, said)
    const { url, ...facts } = logo
    assert.deepEqual(facts, { media_type: 'image/png', width: 64, height: 32, bytes: LOGO.length })
    assert.match(url, /^http:\/\/doorward\.test\/brand\/logo-[0-9a-f]{32}\.png$/)
    assert.equal(accent.light.used, '#0b66d8')
    assert.equal(accent.light.given_contrast, accent.light.contrast)
    assert.ok(accent.dark.given_contrast < 4.5 && accent.dark.contrast >= 4.5)
    assert.equal(accent.dark.text, '#000000')
    assert.equal((await set({ product_name: 'Tide' })).logo.url, url)
    const renamed = await set({ product_name: 'Tidewater' })
    assert.deepEqual((await call('GET')).body, renamed)
    const { changed_at: __, accent: ___, ...nothing } = await set(NOTHING)
    assert.deepEqual(nothing, NOTHING)
  })

  it('AUD-01: is audited with each changed field before and after, and only if something changes', async () => {
    await set(NOTHING)
    await set({ product_name: 'Before' })
    await set({ product_name: 'After', logo: BRAND.logo })
    await set({ product_name: 'After', logo: BRAND.logo })
    const { body } = await oauth.app.call('GET', '/v1/audit-events?action=branding.changed&limit=2')
    const [last, first] = body.data
    assert.deepEqual(first.detail, { product_name: { from: null, to: 'Before' } })
    assert.deepEqual(last.detail.product_name, { from: 'Before', to: 'After' })
    const { hash, ...logo } = last.detail.logo.to
    assert.deepEqual(logo, { format: 'png', width: 64, height: 32, bytes: LOGO.length })
    assert.match(hash, /^[0-9a-f]{32}$/)
    assert.equal(last.target_id, 'branding')
  })

  for (const [what, body, code, at] of [
    ['a colour by name', { accent_color: 'red' }, 'invalid_request', '/accent_color'],
    ['a colour with CSS after it', { accent_color: '#0b66d8;}' }, 'invalid_request', '/accent_color'],
    ['a short colour', { accent_color: '#abc' }, 'invalid_request', '/accent_color'],
    ['an empty name', { product_name: '' }, 'invalid_request', '/product_name'],
    ['a long name', { product_name: 'x'.repeat(61) }, 'invalid_request', '/product_name'],
    ['a name with a control character', { product_name: 'Tide\u0007' }, 'invalid_request', '/product_name'],
    [
      'a name that turns text around',
      { product_name: 'Tide\u202ewater' },
      'invalid_request',
      '/product_name',
    ],
    ['a name without a letter', { product_name: '—' }, 'invalid_request', '/product_name'],
    ['a link with a script', { support_url: 'javascript:alert(1)' }, 'invalid_request', '/support_url'],
    ['a link without TLS', { privacy_url: 'http://a.example' }, 'invalid_request', '/privacy_url'],
    [
      'a link to another host than it seems',
      { terms_url: 'https://a@b.example' },
      'invalid_request',
      '/terms_url',
    ],
    ['a link that ends an attribute', { terms_url: 'https://a.example/">' }, 'invalid_request', '/terms_url'],
    ['a mail with headers', { support_url: 'mailto:a@b.example?bcc=c' }, 'invalid_request', '/support_url'],
    ['a mail where a page belongs', { privacy_url: 'mailto:a@b.example' }, 'invalid_request', '/privacy_url'],
    ['a logo at a URL', { logo: 'https://cdn.example/logo.png' }, 'invalid_request', '/logo'],
    ['a logo as data URL', { logo: `data:image/png;base64,${BRAND.logo}` }, 'invalid_request', '/logo'],
    ['a logo that is none', { logo: 'AAAA' }, 'unusable_logo', '/logo'],
    ['an SVG', { logo: Buffer.from('<svg/>').toString('base64') }, 'unusable_logo', '/logo'],
    [
      'a polyglot',
      { logo: Buffer.concat([LOGO, Buffer.from('<b>')]).toString('base64') },
      'unusable_logo',
      '/logo',
    ],
    ['a huge image', { logo: pngOf(20_000, 20_000).toString('base64') }, 'unusable_logo', '/logo'],
    ['a heavy image', { logo: Buffer.alloc(100_000, 1).toString('base64') }, 'unusable_logo', '/logo'],
  ] as const)
    it(`refuses ${what}, and changes nothing`, async () => {
      const before = (await call('GET')).body
      const { status, body: refused } = await call('PATCH', { product_name: 'Other', ...body })
      assert.deepEqual([status, refused.code], [400, code])
      for (const fault of refused.faults) assert.equal(fault.at, at)
      assert.deepEqual((await call('GET')).body, before)
    })

  it('says why an SVG is refused, and how large a logo may be', async () => {
    const detailOf = async (image: Buffer) =>
      (await call('PATCH', { logo: image.toString('base64') })).body.detail
    assert.match(await detailOf(Buffer.from('<svg/>')), /can carry script: send a PNG, JPEG or WebP/)
    assert.match(await detailOf(Buffer.alloc(70_000)), /has 70000 bytes; at most 65536/)
    assert.match(await detailOf(pngOf(3000, 8)), /has 3000 × 8 pixels; each side may have 1 to 1024/)
  })

  it('two first changes at once both stay', async () => {
    await set(NOTHING)
    await Promise.all([set({ product_name: 'Tidewater' }), set({ support_url: BRAND.support_url })])
    const { body } = await call('GET')
    assert.deepEqual([body.product_name, body.support_url], ['Tidewater', BRAND.support_url])
  })

  it('WEB-01: is on sign-in, consent, connected apps, failures and staff pages, under the same CSP', async () => {
    await set(NOTHING)
    const { app, jar } = oauth
    const client = await app.clientFor(null, { name: 'An app', scopes: ['orders:read'] })
    const asked = { client_id: client.client_id, code_challenge: pkce().challenge, scope: 'orders:read' }
    const pages = async () => [
      await jar.follow(await jar.get('/sign-in')),
      await arrive(jar, authorizePath(asked)),
      await jar.get('/connected-apps'),
      await jar.get('/oauth/consent?request=unknown'),
      await jar.get('/staff/sign-in'),
    ]
    const before = await pages()
    const { logo } = await set(BRAND)
    for (const [at, { status, text, headers }] of (await pages()).entries()) {
      assert.match(text, /<title>[^<]+ · Tidewater<\/title>/)
      assert.ok(
        text.includes(`<img class="logo" src="${new URL(logo.url).pathname}" width="64" height="32" alt="">`),
      )
      assert.ok(text.includes('<span>Tidewater</span></header>'))
      assert.match(text, /<link rel="stylesheet" href="\/brand\/accent-[0-9a-f]{32}\.css">/)
      assert.ok(text.includes('<a href="mailto:help@tidewater.example" rel="noopener noreferrer">Help</a>'))
      assert.equal(text.includes('class="mark"'), false)
      assert.equal(/style=|<style|<script/.test(text), false)
      assert.equal(status, before[at]?.status)
      assert.equal(headers.get('content-security-policy'), before[at]?.headers.get('content-security-policy'))
    }
    assert.match(before[1]?.text ?? '', /<title>Allow An app\? · /)
    assert.match(before[0]?.text ?? '', /class="mark"/)
  })

  it('WEB-08: escapes a name of markup', async () => {
    const name = `A<img src=x onerror="alert(1)">'&\``
    await set({ ...NOTHING, product_name: name })
    for (const path of [SIGN_IN, '/set-password?link=x', '/oauth/consent?request=x']) {
      const { text } = await page(path)
      assert.ok(text.includes('A&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;&#96;'), path)
      assert.equal(text.includes('<img'), false, path)
    }
  })

  it('WEB-04: serves logo and colour from our own origin, as what they are, and nothing else there', async () => {
    const { logo } = await set(BRAND)
    const path = new URL(logo.url).pathname
    const shown = await oauth.app.app.inject({ url: path })
    assert.deepEqual(shown.rawPayload, LOGO)
    assert.equal(shown.headers['content-type'], 'image/png')
    assert.equal(shown.headers['x-content-type-options'], 'nosniff')
    assert.equal(shown.headers['content-security-policy'], "default-src 'none'; sandbox")
    assert.equal(shown.headers['cross-origin-resource-policy'], 'same-origin')
    assert.equal(shown.headers['cache-control'], 'public, max-age=31536000, immutable')
    const [, style = ''] = /href="(\/brand\/accent[^"]+)"/.exec((await page(SIGN_IN)).text) ?? []
    const css = await page(style)
    assert.match(String(css.headers['content-type']), /^text\/css/)
    assert.match(css.text, /^:root\{--accent:#0b66d8;--accent-deep:#[0-9a-f]{6};--on-accent:#ffffff\}/)
    for (const other of [
      `/brand/logo-${'0'.repeat(32)}.png`,
      path.replace('.png', '.svg'),
      '/brand/..%2f..%2fpackage.json',
      '/brand/',
    ]) {
      const { status, headers } = await page(other)
      assert.deepEqual(
        [status, headers['content-type']],
        [404, 'application/problem+json; charset=utf-8'],
        other,
      )
    }
    await set({ logo: IMAGES.webpLossy.toString('base64') })
    assert.equal((await page((await call('GET')).body.logo.url)).headers['content-type'], 'image/webp')
  })

  it('is shown by another server within five seconds, with its files, and by this one at once', async (t) => {
    await set({ ...NOTHING, product_name: 'Before' })
    const node = await openSecondNode(oauth.app)
    t.after(() => node.close())
    const titleAt = async () => /<title>[^<]+ · ([^<]+)</.exec((await node.inject(SIGN_IN)).body)?.[1]
    assert.equal(await titleAt(), 'Before')
    const { logo } = await set({ product_name: 'After', logo: BRAND.logo })
    assert.match((await page(SIGN_IN)).text, /<title>[^<]+ · After</)
    // A page of the first server, whose logo the second one is asked for.
    oauth.app.clock.advance({ seconds: 1 })
    assert.equal((await node.inject(new URL(logo.url).pathname)).statusCode, 200)
    oauth.app.clock.advance({ seconds: SHOWN_FRESH_MS / 1000 })
    assert.equal(await titleAt(), 'After')
    await set({ logo: null })
    assert.equal((await node.inject(new URL(logo.url).pathname)).statusCode, 200, 'a page of before')
  })

  it('is not read by a page for each of its visits', async () => {
    await set({ ...NOTHING, product_name: 'Kept' })
    await page(SIGN_IN)
    await oauth.app.db.transaction().execute(async (tx) => {
      await putBranding(tx, { ...(await lockBranding(tx)), productName: 'Unnoticed' })
    })
    assert.match((await page(SIGN_IN)).text, / · Kept</)
    oauth.app.clock.advance({ seconds: SHOWN_FRESH_MS / 1000 })
    assert.match((await page(SIGN_IN)).text, / · Unnoticed</)
  })

  it('MGT-03: may be changed by administrators, read by every role, and never by a key of one owner', async () => {
    const { app } = oauth
    for (const role of ['administrator', 'security', 'developer', 'support', 'viewer'] as const) {
      const { as } = await staffAs(app, role)
      const { status, body } = await app.call('PATCH', '/v1/branding', { product_name: `By ${role}` }, as)
      assert.deepEqual(
        [role, status, body.code],
        role === 'administrator' ? [role, 200, undefined] : [role, 403, 'insufficient_permission'],
      )
      const own = await app.call('GET', '/v1/session', undefined, as)
      assert.deepEqual(own.body.branding, { product_name: 'By administrator', logo_url: null })
      const read = await app.call('GET', '/v1/branding', undefined, as)
      assert.deepEqual([role, read.status], [role, 200])
    }
    const bound = await app.call('POST', '/v1/admin-keys', {
      name: 'bound',
      permissions: ['branding:write'],
      owner_id: 'org_1',
    })
    assert.deepEqual([bound.status, bound.body.code], [403, 'exceeds_authority'])
  })
})
