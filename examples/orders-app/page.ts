import { escaped } from '../escaped.ts'

export interface OrderShown {
  readonly id: string
  readonly owner_id: string
  readonly customer: string
  readonly item: string
  /** In cents. */
  readonly amount: number
  readonly status: string
}

/** The content of the page. */
export interface Look {
  readonly notice: string | undefined
  /** The scopes that the user allowed; null: not connected. */
  readonly scope: string | null
  /** The API's answer; null: it was not called. */
  readonly status: number | null
  readonly orders: readonly OrderShown[]
  readonly issuer: string
}

/** The one page of the app. */
export function page(look: Look): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parcel Desk</title>
<style>${STYLE}</style>
<h1>Parcel Desk</h1>
<p>A third party's app. It ships what Acme and Globex sell.</p>
${look.notice === undefined ? '' : `<p role="status">${escaped(look.notice)}</p>`}
${look.scope === null ? notConnected() : connected(look, look.scope)}
</html>
`
}

function notConnected(): string {
  return `<form method="post" action="/connect"><button>Connect your orders</button></form>`
}

function connected({ status, orders, issuer }: Look, scope: string): string {
  return `<p>You allowed: <code>${escaped(scope)}</code></p>
${orders.length > 0 ? table(orders) : `<p>No orders to show: the API answered ${status ?? 'nothing'}.</p>`}
<form method="post" action="/orders"><button>Order packing tape</button></form>
<form method="post" action="/disconnect"><button>Disconnect</button></form>
<p>Or take it back at <a href="${escaped(issuer)}/connected-apps">Connected apps</a>, and reload this page.</p>`
}

function table(orders: readonly OrderShown[]): string {
  const rows = orders.map(
    ({ id, owner_id, customer, item, amount, status }) =>
      `<tr>${[id, owner_id, customer, item, (amount / 100).toFixed(2), status]
        .map((cell) => `<td>${escaped(cell)}</td>`)
        .join('')}</tr>`,
  )
  const heads = ['Order', 'Of', 'Customer', 'Item', 'Amount', 'Status'].map(
    (head) => `<th scope="col">${head}</th>`,
  )
  return `<div><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

const STYLE = `
:root { color-scheme: light dark }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }
[role=status] { padding: .5rem .8rem; border-left: 4px solid #b8860b; background: rgb(184 134 11 / 12%) }
div { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { padding: .35rem .6rem; text-align: left; border-bottom: 1px solid rgb(128 128 128 / 35%); white-space: nowrap }
form { display: inline-block; margin: .8rem .5rem .8rem 0 }
button { padding: .5rem 1rem; font: inherit; cursor: pointer }`
