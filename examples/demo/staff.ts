import { randomBytes } from 'node:crypto'
import type { ClockedServer } from './clocked-server.ts'
import { Visitor } from './visitor.ts'

/** Staff of the made-up provider. */
export interface DemoStaff {
  readonly name: string
  readonly email: string
  readonly password: string
}

/** Becomes the first administrator by the one-time link. Returns null where there is staff already. */
export async function createAdministrator(server: ClockedServer): Promise<DemoStaff | null> {
  const link = await server.firstStaffLink()
  if (link === null) return null
  const browser = new Visitor(server, '198.51.100.7')
  const [name, email] = ['Noa Bergström', 'noa@tidewater.example']
  const password = randomBytes(12).toString('base64url')
  const done = await browser.submit(await browser.open(link), [
    ['email', email],
    ['name', name],
    ['password', password],
  ])
  if (done.status >= 400) throw new Error(`${email} cannot use the link: ${done.status} ${done.text}`)
  return { name, email, password }
}
