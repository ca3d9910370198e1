import type { Static } from 'typebox'
import type { MomentText } from '../../../src/http/wire.ts'
import type { NewKeyWire } from '../../../src/keys/key.wire.ts'
import type { Search } from '../paths.ts'

/** Draft of a new key, as the inputs of the form hold it. */
export interface KeyDraft {
  readonly ownerId: string
  readonly name: string
  readonly environment: string
  readonly scopes: readonly string[]
  /** Seconds, or `at`, `longest`, `never`. */
  readonly lifetime: string
  /** Of an input `datetime-local`, for `at`. */
  readonly expiresAt: string
  /** One a line. */
  readonly allowList: string
  readonly note: string
  readonly selfRotation: boolean
  /** Empty: its program is not asked to rotate it. */
  readonly autoRotateAfterDays: string
  readonly rateLimit: string
  readonly rateWindow: string
  readonly quota: string
  readonly quotaPeriod: 'day' | 'month'
}

export const DRAFT_PARAMETERS = [
  'owner_id',
  'name',
  'environment',
  'scopes',
  'lifetime_seconds',
  'ip_allowlist',
  'note',
] as const
type Parameter = (typeof DRAFT_PARAMETERS)[number]

const DEFAULT_LIFETIME = '7776000'

/** The form as a link prefills it. */
export function draftOf(
  asked: Readonly<Partial<Record<Parameter, string>>>,
  environments: readonly string[],
): KeyDraft {
  const environment = environments.find((each) => each === asked.environment) ?? environments[0] ?? ''
  return {
    ownerId: asked.owner_id ?? '',
    name: asked.name ?? '',
    environment,
    scopes: listOf(asked.scopes),
    lifetime: /^\d{1,10}$/.test(asked.lifetime_seconds ?? '')
      ? (asked.lifetime_seconds ?? '')
      : DEFAULT_LIFETIME,
    expiresAt: '',
    allowList: listOf(asked.ip_allowlist).join('\n'),
    note: asked.note ?? '',
    selfRotation: false,
    autoRotateAfterDays: '',
    rateLimit: '',
    rateWindow: '60',
    quota: '',
    quotaPeriod: 'day',
  }
}

/** The parameters of a link that prefills the form like this. */
export function linkOf(draft: KeyDraft): Search {
  return {
    owner_id: draft.ownerId,
    name: draft.name,
    environment: draft.environment,
    scopes: draft.scopes.join(','),
    lifetime_seconds: /^\d+$/.test(draft.lifetime) ? draft.lifetime : undefined,
    ip_allowlist: listOf(draft.allowList).join(','),
    note: draft.note,
  }
}

/** The body of `POST /v1/keys`. */
export function bodyOf(draft: KeyDraft): Static<typeof NewKeyWire> {
  const { lifetime, rateLimit, quota, note } = draft
  const allowList = listOf(draft.allowList)
  return {
    owner_id: draft.ownerId.trim(),
    name: draft.name.trim(),
    environment: draft.environment,
    scopes: [...draft.scopes],
    ...expiryOf(draft),
    ...(/^\d+$/.test(lifetime) ? { lifetime_seconds: Number(lifetime) } : {}),
    ...(allowList.length > 0 ? { ip_allowlist: allowList } : {}),
    ...(draft.selfRotation ? { self_rotation: true } : {}),
    ...(autoRotationOf(draft) === null ? {} : { auto_rotate_after_days: autoRotationOf(draft) }),
    ...(rateLimit === ''
      ? {}
      : {
          rate_limits: [
            { name: 'calls', limit: Number(rateLimit), window_seconds: Number(draft.rateWindow) },
          ],
        }),
    ...(quota === '' ? {} : { quota: { limit: Number(quota), period: draft.quotaPeriod } }),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  }
}

/** Days after which its own program rotates the key; a key that may not rotate itself is not asked to. */
export function autoRotationOf({
  selfRotation,
  autoRotateAfterDays: days,
}: Pick<KeyDraft, 'selfRotation' | 'autoRotateAfterDays'>): number | null {
  return selfRotation && days !== '' ? Number(days) : null
}

function expiryOf({ lifetime, expiresAt }: KeyDraft): { expires_at?: MomentText | null } {
  if (lifetime === 'never') return { expires_at: null }
  if (lifetime !== 'at') return {}
  const at = new Date(expiresAt)
  return { expires_at: (Number.isNaN(at.getTime()) ? expiresAt : at.toISOString()) as unknown as MomentText }
}

function listOf(text: string | undefined): string[] {
  return [...new Set((text ?? '').split(/[\s,]+/).filter((each) => each !== ''))]
}
