import { Choice } from '../ui/choice.tsx'
import { staffWords as words } from '../words/staff.ts'

/** The roles, each with what it may do. */
export function RoleChoice({
  chosen,
  onChoose,
}: {
  readonly chosen: string
  readonly onChoose: (role: string) => void
}) {
  return (
    <fieldset>
      <legend>{words.role}</legend>
      {Object.entries(words.roles).map(([role, name]) => (
        <Choice
          key={role}
          group="role"
          label={name}
          hint={words.roleHints[role]}
          isChosen={chosen === role}
          onChoose={() => onChoose(role)}
        />
      ))}
    </fieldset>
  )
}
