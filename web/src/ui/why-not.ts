import type { Permission } from '../../../src/management/permission.ts'
import { useSession } from '../api/session.ts'
import { actWords as words } from '../words/acts.ts'

/** Why a person cannot do what needs a permission, in words; null: it can be done. */
export function useWhyNot(): (permission: Permission) => string | null {
  const { permissions } = useSession()
  return (permission) => (permissions.includes(permission) ? null : words.needs(permission))
}
