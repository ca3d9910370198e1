import { Secret } from '@doorward/sdk/kernel'
import type { Ask } from '../management.ts'
import { callerOf } from './caller.ts'
import type { ClockedServer } from './clocked-server.ts'

const OFFICE = '198.51.100.7'

/** The admin keys of the company: each program has its own. */
export interface Tools {
  /** They create and change keys. */
  readonly programs: readonly Ask[]
  readonly support: Ask
  /** Verifies and reports usage. */
  readonly api: Ask
  /** Bound to one owner. */
  readonly portal: Ask
}

export async function createTools(server: ClockedServer, all: Ask): Promise<Tools> {
  const tool = async (name: string, permissions: readonly string[], ip: string, ownerId?: string) => {
    const asked = { name, permissions, ...(ownerId === undefined ? {} : { owner_id: ownerId }) }
    const { secret } = await all<{ secret: string }>('POST', '/v1/admin-keys', asked)
    return callerOf(server, new Secret(secret), ip)
  }
  const write = ['keys:read', 'keys:write', 'owners:read', 'scopes:read']
  const { id } = await all<{ id: string }>('POST', '/v1/admin-keys', {
    name: 'deploy script of 2024',
    permissions: ['keys:write'],
  })
  await all('POST', `/v1/admin-keys/${id}/revoke`, { reason: 'Replaced by Terraform' })
  return {
    programs: [
      await tool('account page, backend', write, '198.51.100.31'),
      await tool('terraform', write, '198.51.100.40'),
    ],
    support: await tool(
      'support tools',
      [...write, 'owners:write', 'clients:read', 'grants:read', 'users:read'],
      OFFICE,
    ),
    api: await tool('gateway, all regions', ['verify'], '198.51.100.60'),
    portal: await tool('portal of Larkfield', ['keys:read', 'keys:write'], '203.0.113.10', 'org_larkfield'),
  }
}
