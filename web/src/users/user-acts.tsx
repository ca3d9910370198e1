import type { Static } from 'typebox'
import type { PasswordLinkWire, UserStateWire } from '../../../src/users/user.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { userWords as words } from '../words/users.ts'

interface ActsParts {
  readonly id: string
  readonly name: string
  readonly isDisabled: boolean
  readonly act: string | undefined
  readonly onClose: () => void
  /** Gets the link once; it is kept nowhere else. */
  readonly onLink: (link: Static<typeof PasswordLinkWire>) => void
}

/** Actions of staff on a user, each after a question. */
export function UserActs({ id, name, isDisabled, act, onClose, onLink }: ActsParts) {
  const whyNot = useWhyNot()
  const path = `/v1/users/${encodeURIComponent(id)}` as const
  if (act === 'disable' && !isDisabled)
    return (
      <ActDialog
        title={words.disableTitle(name)}
        act={words.disableAct}
        isDangerous
        reason="required"
        whyNot={whyNot('users:disable')}
        onClose={onClose}
        onAct={async (reason) => {
          await change<typeof UserStateWire>('POST', `${path}/disable`, { reason })
        }}
      >
        <p>{words.disableWords}</p>
      </ActDialog>
    )
  if (act === 'enable' && isDisabled)
    return (
      <ActDialog
        title={words.enableTitle(name)}
        act={words.enableAct}
        whyNot={whyNot('users:disable')}
        onClose={onClose}
        onAct={async () => {
          await change<typeof UserStateWire>('POST', `${path}/enable`, {})
        }}
      >
        <p>{words.enableWords}</p>
      </ActDialog>
    )
  if (act === 'link' && !isDisabled)
    return (
      <ActDialog
        title={words.passwordLinkTitle}
        act={words.passwordLinkAct}
        whyNot={whyNot('users:write')}
        onClose={onClose}
        onAct={async () => {
          const made = await change<typeof PasswordLinkWire>('POST', `${path}/password-link`, undefined, {
            once: true,
          })
          onLink(made)
          return false
        }}
      >
        <p>{words.passwordLinkWords}</p>
      </ActDialog>
    )
  return null
}
