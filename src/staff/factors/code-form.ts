import { type Html, html } from '../../pages/html.ts'
import type { FormFault } from '../../sign-in/attempts.ts'
import type { CodeRefused, TypedCode } from './prove-code.ts'

/** Fields of the form for a code of one kind. */
export function codeFields(kind: TypedCode['kind']): Html {
  return kind === 'totp'
    ? html`<div class="field">
<label for="code">Code of your authenticator app</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="20" aria-describedby="code-hint" autofocus>
<p class="hint" id="code-hint">Six digits.</p>
</div>`
    : html`<input type="hidden" name="kind" value="recovery_code">
<div class="field">
<label for="code">Recovery code</label>
<input id="code" name="code" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="40" aria-describedby="code-hint" autofocus>
<p class="hint" id="code-hint">One of those that you were shown when you set up the second factor. Each works once.</p>
</div>`
}

export function typedCodeOf(fields: URLSearchParams): TypedCode {
  return {
    kind: fields.get('kind') === 'recovery_code' ? 'recovery_code' : 'totp',
    text: (fields.get('code') ?? '').slice(0, 100),
  }
}

export function faultOf(refused: CodeRefused, kind: TypedCode['kind'], now: Date): FormFault {
  if (refused === 'unreadable')
    return { alert: 'Codes of your app cannot be checked right now. Use a recovery code.', status: 503 }
  if (refused === 'wrong') return { alert: WRONG[kind], status: 401 }
  const seconds = Math.max(1, Math.ceil((refused.retryAt.getTime() - now.getTime()) / 1000))
  const minutes = Math.ceil(seconds / 60)
  const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`
  return {
    alert: `Too many wrong codes. Try again in ${wait}, or use a recovery code.`,
    status: 429,
    retryAfterSeconds: seconds,
  }
}

const WRONG = {
  totp: 'The code is wrong or was used before. Enter the one that your app shows now.',
  recovery_code: 'The recovery code is wrong or was used before.',
} as const

export function alertOf({ alert }: { readonly alert?: string }): Html | undefined {
  return alert === undefined ? undefined : html`<p class="alert" role="alert">${alert}</p>`
}
