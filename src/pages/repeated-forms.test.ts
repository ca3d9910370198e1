import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RepeatedForms } from './repeated-forms.ts'
import type { CookieName, Visit } from './visit.ts'

const START = Date.parse('2030-01-01T00:00:00Z')
const FORM = new URLSearchParams({ csrf_token: 'shown.mac', code: '123456' })
const REFUSED = 'refused'

const newForms = () => new RepeatedForms<string>((answer) => answer === REFUSED)

type Cookies = Partial<Record<CookieName, string>>

function visitWith(cookies: Cookies, { seconds = 0, ...more }: Partial<Visit> & { seconds?: number } = {}) {
  const left: Cookies = { ...cookies }
  const visit: Visit = {
    ...{ now: new Date(START + seconds * 1000), ip: '198.51.100.7', userAgent: 'a', requestId: 'r' },
    ...{ isGone: () => false, query: new URLSearchParams(), browser: () => cookies.browser ?? '' },
    cookie: (name) => cookies[name],
    setCookie: (name, value) => {
      if (value === null) delete left[name]
      else left[name] = value
    },
    ...more,
  }
  return { visit, left }
}

/** Signs in: spends the cookie of the first step, and gives a session. */
function openSignIn() {
  let times = 0
  const handle = async (visit: Visit): Promise<string> => {
    times += 1
    visit.setCookie('staff-sign-in', null)
    visit.setCookie('staff', `session ${times}`)
    return `/${times}`
  }
  return { handle, times: () => times }
}

const BEFORE: Cookies = { browser: 'b', 'staff-sign-in': 'sc' }

describe('a form that is sent twice', () => {
  it('CON-20: is handled once, and gives each request the answer with its cookies', async () => {
    const forms = newForms()
    const { handle, times } = openSignIn()
    const clicks = [0, 0, 0.3, 30].map((seconds) => visitWith(BEFORE, { seconds }))
    const answers = await Promise.all(
      clicks.map(({ visit }) => forms.answer(visit, '/second-factor', FORM, handle)),
    )
    const { visit, left } = visitWith({ browser: 'b', staff: 'session 1' }, { seconds: 1 })
    answers.push(await forms.answer(visit, '/second-factor', FORM, handle))
    assert.deepEqual(answers, Array(5).fill('/1'))
    for (const each of [...clicks.map((click) => click.left), left])
      assert.deepEqual(each, { browser: 'b', staff: 'session 1' })
    assert.equal(times(), 1)
  })

  it('CON-16 CON-07: is another form in another browser, place or state, after half a minute, and after another form', async () => {
    const OTHERS: readonly [string, ReturnType<typeof visitWith>, path?: string, form?: URLSearchParams][] = [
      ['another browser', visitWith({ ...BEFORE, browser: 'other' })],
      ['the cookie of the browser alone', visitWith({ browser: 'b' })],
      ['another sign-in', visitWith({ ...BEFORE, 'staff-sign-in': 'other' })],
      ['a session of its own', visitWith({ ...BEFORE, staff: 'other' })],
      ['another address', visitWith(BEFORE, { ip: '203.0.113.9' })],
      ['another user agent', visitWith(BEFORE, { userAgent: 'b' })],
      ['31 seconds later', visitWith(BEFORE, { seconds: 31 })],
      ['another path', visitWith(BEFORE), '/confirm'],
      ['another page that was shown', visitWith(BEFORE), '/f', new URLSearchParams([...FORM, ['x', 'y']])],
    ]
    for (const [what, { visit }, path = '/f', form = FORM] of OTHERS) {
      const forms = newForms()
      const { handle, times } = openSignIn()
      await forms.answer(visitWith(BEFORE).visit, '/f', FORM, handle)
      assert.deepEqual(await forms.answer(visit, path, form, handle), '/2', what)
      assert.equal(times(), 2, what)
    }
    const forms = newForms()
    const { handle, times } = openSignIn()
    const { visit } = visitWith(BEFORE)
    await forms.answer(visit, '/f', FORM, handle)
    forms.forget(visit)
    await forms.answer(visit, '/f', FORM, handle)
    assert.equal(times(), 2)
  })

  it('CON-05: counts a refusal once for requests that wait for it, and handles a later one again', async () => {
    const forms = newForms()
    let times = 0
    const handle = async () => {
      times += 1
      return REFUSED
    }
    const { visit } = visitWith(BEFORE)
    await Promise.all([1, 2].map(() => forms.answer(visit, '/f', FORM, handle)))
    assert.deepEqual([times, forms.size], [1, 0])
    await forms.answer(visit, '/f', FORM, handle)
    assert.equal(times, 2)
  })

  it('is handled again after an error, and goes on while one of the requests is connected', async () => {
    const forms = newForms()
    const failing = Promise.withResolvers<string>()
    const gone: (() => boolean)[] = []
    const handle = ({ isGone }: Visit) => {
      gone.push(isGone)
      return failing.promise
    }
    const first = forms.answer(visitWith(BEFORE, { isGone: () => true }).visit, '/f', FORM, handle)
    assert.equal(gone[0]?.(), true)
    const second = forms.answer(visitWith(BEFORE).visit, '/f', FORM, handle)
    assert.deepEqual(
      gone.map((each) => each()),
      [false],
    )
    failing.reject(new Error('no database'))
    assert.deepEqual(
      (await Promise.allSettled([first, second])).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(forms.size, 0)
  })

  it('keeps the answers of a thousand browsers', async () => {
    const forms = newForms()
    for (let n = 0; n < 1100; n++)
      await forms.answer(visitWith({ browser: `${n}` }).visit, '/f', FORM, openSignIn().handle)
    assert.equal(forms.size, 1000)
  })
})
