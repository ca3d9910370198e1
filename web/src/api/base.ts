/** Path prefix where a proxy serves Doorward below one; else empty. The server writes it into the page. */
export const SERVER_BASE =
  document.querySelector<HTMLMetaElement>('meta[name="doorward-base"]')?.content ?? ''

export const DASHBOARD_BASE = `${SERVER_BASE}/dashboard`

/** Leads to a page of the server that comes back here: sign-in, proof of a factor, or setting one up. Resolves never: the page is left. */
export async function leaveFor(path: '/staff/sign-in' | '/staff/confirm' | '/staff/factors'): Promise<never> {
  const { pathname, search } = location
  const back = pathname.slice(SERVER_BASE.length) + search
  location.assign(`${SERVER_BASE}${path}?return_to=${encodeURIComponent(back)}`)
  return await new Promise<never>(() => {})
}
