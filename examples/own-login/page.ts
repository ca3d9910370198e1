import { escaped } from '../escaped.ts'

export interface LoginLook {
  /** The app that requests access. */
  readonly app?: string | null
  /** The value of the first field. */
  readonly login?: string | null
  readonly fault?: string
}

export function page({ app = null, login, fault }: LoginLook): string {
  const lead = app === null ? '' : `<p>${escaped(app)} wants you to sign in.</p>`
  const alert = fault === undefined ? '' : `<p role="alert">${escaped(fault)}</p>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orders Inc., sign in</title>
<style>${STYLE}</style>
<h1>Orders Inc.</h1>
${lead}${alert}
<form method="post" action="/login">
<label>Name <input name="login" value="${escaped(login ?? '')}" autocomplete="username" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button name="decision" value="sign_in">Sign in</button>
<button name="decision" value="cancel">Cancel</button>
</form>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark }
body { max-width: 24rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }
label { display: block; margin: .8rem 0 }
input { display: block; width: 100%; box-sizing: border-box; padding: .5rem; font: inherit }
button { padding: .5rem 1rem; font: inherit }
[role=alert] { padding: .5rem .8rem; border-left: 4px solid #b3261e; background: rgb(179 38 30 / 12%) }`
