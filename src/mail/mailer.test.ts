import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Secret } from '@doorward/sdk/kernel'
import { openMailServer } from '../../test/mail-server.ts'
import type { MailBrand, MailContent } from './mail-content.ts'
import { MAX_ANSWER_LENGTH, openMailer } from './mailer.ts'
import { renderHtml } from './render-html.ts'
import { renderText } from './render-text.ts'
import { isMailAddress, readSmtpUrl } from './smtp-settings.ts'

const BRAND: MailBrand = {
  name: 'Tidewater',
  publicUrl: 'https://keys.example.com',
  accent: { light: { used: '#0d7a6f', text: '#ffffff' }, dark: { used: '#4fc3b3', text: '#000000' } },
  logo: { content: Buffer.from('a logo'), type: 'image/png', width: 64, height: 32 },
  links: [{ words: 'Help', url: 'mailto:help@tidewater.example' }],
}
const CONTENT: MailContent = {
  subject: 'API key "exporter" expires in 7 days',
  parts: [
    { kind: 'text', text: `A text of many words ${'and more words '.repeat(20)}` },
    {
      kind: 'item',
      title: 'API key "exporter"',
      facts: ['Expires on 8 January 2030, 12:00 UTC.'],
      isUrgent: true,
    },
    { kind: 'link', words: 'Open the dashboard', path: '/dashboard/' },
  ],
  because: 'You get this because your address is a notice contact.',
}
const LIMITS = { connectMs: 2_000, answerMs: 400, totalMs: 1_500 }
const AT = new Date('2030-01-01T12:00:00.000Z')

const mail = (more: Partial<{ to: string; content: MailContent; brand: MailBrand }> = {}) => ({
  ...{ to: 'ops@acme.example', content: CONTENT, brand: BRAND, messageId: '<eml_1@keys.example>', at: AT },
  ...more,
})

describe('mails over SMTP', () => {
  const mailerTo = (port: number, login: { user: string; password: Secret } | null = null) => {
    const settings = { host: '127.0.0.1', port, isSecure: false, login, from: 'keys@tidewater.example' }
    return openMailer(settings, 'keys.example.com', LIMITS)
  }

  it('arrive with text, HTML, logo and the same Message-ID, and bring nothing from elsewhere', async (t) => {
    const server = await openMailServer(t)
    const mailer = mailerTo(server.port)
    for (let n = 0; n < 2; n++) assert.equal((await mailer.send(mail())).result, 'sent')
    const [first, second] = server.received
    assert.equal(first?.messageId, '<eml_1@keys.example>')
    assert.deepEqual(first?.to, ['ops@acme.example'])
    assert.equal(second?.messageId, first?.messageId)
    assert.match(first?.raw ?? '', /^From: Tidewater <keys@tidewater\.example>\r$/m)
    assert.match(first?.raw ?? '', /^Auto-Submitted: auto-generated\r$/m)
    assert.match(first?.raw ?? '', /Content-Type: multipart\/alternative/)
    assert.match(first?.raw ?? '', /Content-I[dD]: <logo@doorward>/)
    assert.doesNotMatch(renderHtml(CONTENT, BRAND), /src="(?!cid:)|url\(|<script|<link|@import/)
  })

  it('HOOK-15: names with line breaks, markup and other directions change no header, line or tag', async (t) => {
    const server = await openMailServer(t)
    const evil = 'x\r\nBcc: all@example.com\r\n\r\n<img src=http://evil.example onerror=alert(1)>\u202e\u0000'
    const content = {
      subject: evil,
      parts: [{ kind: 'item', title: evil, facts: [evil], isUrgent: false }] as const,
      because: evil,
    }
    const sent = await mailerTo(server.port).send(
      mail({ content, brand: { ...BRAND, name: evil, links: [] } }),
    )
    assert.equal(sent.result, 'sent')
    const [{ raw, to } = { raw: '', to: [] }] = server.received
    assert.deepEqual(to, ['ops@acme.example'])
    const [head = ''] = raw.split('\r\n\r\n')
    assert.doesNotMatch(head, /^Bcc:/im)
    assert.match(head, /^To: ops@acme\.example\r?$/m)
    const html = renderHtml(content, BRAND)
    assert.ok(!html.includes('<img src=http'))
    assert.doesNotMatch(renderText(content, BRAND), /[\r\u202e\u0000]|^Bcc/m)
  })

  it('a recipient that the server refuses is refused for good; one that it puts off is tried again', async (t) => {
    const server = await openMailServer(t, { refused: ['gone@acme.example'], putOff: ['busy@acme.example'] })
    const mailer = mailerTo(server.port)
    const outcomes = []
    for (const to of ['gone@acme.example', 'busy@acme.example', 'ops@acme.example'])
      outcomes.push(await mailer.send(mail({ to })))
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ['refused', 'failed', 'sent'],
    )
    assert.match(outcomes[0]?.answer ?? '', /^550 .*no such mailbox/)
  })

  it('an address that is none is never sent to a server', async () => {
    for (const to of ['a@b.example\r\nRCPT TO:<c@d.example>', 'a b@c.example', '<a@b.example>', 'a@b@c', ''])
      assert.equal((await mailerTo(1).send(mail({ to }))).result, 'refused')
  })

  it('a login over a plain connection to another machine is not attempted', async (t) => {
    const seen: string[] = []
    const port = await hostile(t, (socket) => {
      socket.write('220 hello\r\n')
      socket.on('data', (data) => {
        seen.push(data.toString())
        socket.write('250-hello\r\n250 AUTH PLAIN LOGIN\r\n')
      })
    })
    const settings = { host: 'localtest.me', port, isSecure: false, from: 'keys@tidewater.example' }
    const login = { user: 'u', password: new Secret('a password of the mail server') }
    // The name is not asked for: the address is that of this machine, and its name is not.
    const mailer = openMailer({ ...settings, host: '0.0.0.0', login }, 'keys.example.com', LIMITS)
    assert.notEqual((await mailer.send(mail())).result, 'sent')
    assert.ok(seen.every((line) => !/AUTH/i.test(line)))
  })

  for (const [what, act] of [
    ['says nothing', () => {}],
    ['hangs up', (socket) => socket.end()],
    ['talks without end', (socket) => flood(socket)],
    ['drips a byte now and then', (socket) => drip(socket)],
    ['says that it is busy', (socket) => socket.end('421 too busy\r\n')],
    ['speaks another protocol', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ] as const satisfies readonly (readonly [string, (socket: Socket) => void])[])
    it(`a server that ${what} costs a bounded time, and counts as unreachable`, async (t) => {
      const port = await hostile(t, act)
      const { result, answer } = await mailerTo(port).send(mail())
      assert.equal(result, 'unreachable')
      assert.ok(answer.length <= MAX_ANSWER_LENGTH)
    })

  it('a server that is not there counts as unreachable', async (t) => {
    const port = await hostile(t, () => {}, true)
    assert.equal((await mailerTo(port).send(mail())).result, 'unreachable')
  })

  it('nothing of an answer can carry a credential or a second line on', async (t) => {
    const key = 'sk_live_2rGsWeyZZbQ1vWm7pQ8iTJ4aXyNoPqRsTuVwXyZ0123456789'
    const port = await hostile(t, (socket) => {
      socket.write('220 hello\r\n')
      socket.on('data', () => socket.write(`550-line\r\n550 ${key}\r\n`))
    })
    const { answer } = await mailerTo(port).send(mail())
    assert.doesNotMatch(answer, /[\r\n]/)
  })
})

describe('the text of a mail', () => {
  it('has no line wider than 72 columns but URLs, and nothing that the HTML lacks', () => {
    const text = renderText(CONTENT, BRAND)
    for (const line of text.split('\n')) assert.ok(line.length <= 72 || line.startsWith('https://'), line)
    assert.ok(text.includes('! API key "exporter"'))
    assert.ok(text.includes('https://keys.example.com/dashboard/'))
    const html = renderHtml(CONTENT, BRAND)
    for (const words of [
      'exporter',
      'Expires on 8 January 2030, 12:00 UTC.',
      'notice contact',
      'mailto:help@',
    ])
      assert.ok(text.includes(words) && html.includes(words), words)
  })
})

describe('settings of the mail server', () => {
  for (const [url, expected] of [
    ['smtps://u:p%40ss@mail.example:465', ['mail.example', 465, true, 'u', 'p@ss']],
    ['smtp://mail.example', ['mail.example', 587, false, null, null]],
    ['smtp://[::1]:2525/', ['::1', 2525, false, null, null]],
    ['https://mail.example', null],
    ['smtp://mail.example/path', null],
    ['smtp://mail.example?tls=off', null],
    ['smtp://u:%zz@mail.example', null],
    ['mail.example', null],
  ] as const)
    it(`read ${url}`, () => {
      const read = readSmtpUrl(url)
      const { host, port, isSecure, login } = read ?? {}
      const parts = [host, port, isSecure, login?.user ?? null, login?.password.reveal() ?? null]
      assert.deepEqual(read && parts, expected)
    })

  it('accept addresses that are safe in commands and headers', () => {
    for (const address of ['a@b.example', 'first.last+tag@sub.acme.example', 'ops@localhost'])
      assert.ok(isMailAddress(address), address)
    for (const address of [
      'a@b.example,c@d.example',
      '"a b"@c.example',
      'a@[127.0.0.1]',
      'a@b.example\n',
      'ä@b.example',
    ])
      assert.ok(!isMailAddress(address), address)
  })
})

/** Listens as a mail server that misbehaves. */
async function hostile(t: TestContext, act: (socket: Socket) => void, isClosed = false): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    act(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  if (isClosed) close()
  else t.after(close)
  return typeof address === 'object' && address !== null ? address.port : 0
}

function flood(socket: Socket): void {
  const more = () => {
    while (!socket.destroyed && socket.write('220-more\r\n'.repeat(1_000)));
  }
  socket.on('drain', more)
  more()
}

function drip(socket: Socket): void {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('2')), 50)
}
