import type { Static } from 'typebox'
import { Link } from 'wouter'
import type { ChangedPolicyWire } from '../../../src/owners/environment-policy.wire.ts'
import type { RuleFields } from '../../../src/owners/policy-fields.ts'
import { paths } from '../paths.ts'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Notice, Section } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { policyWords as words } from '../words/policies.ts'
import { Check } from './policy.form.tsx'
import { changedRules, type Rule } from './policy-draft.ts'

/** Each rule that would change, as it is and as it would be. */
export function PolicyDifference({
  before,
  after,
}: {
  readonly before: RuleFields
  readonly after: RuleFields
}) {
  const changed = changedRules(before, after)
  if (changed.length === 0) return null
  const columns: readonly Column<Rule>[] = [
    { id: 'rule', head: words.rule, cell: (rule) => words.rules[rule] },
    { id: 'before', head: words.before, cell: (rule) => words.value(rule, before[rule]) },
    { id: 'after', head: words.after, cell: (rule) => words.value(rule, after[rule]) },
  ]
  return (
    <Section title={words.changes}>
      <DataTable caption={words.changesCaption} columns={columns} rows={changed} idOf={(rule) => rule} />
    </Section>
  )
}

type Effect = NonNullable<Static<typeof ChangedPolicyWire>['effect']>
type First = Effect['first'][number]

/** Existing secrets that would end earlier: how many, and which first. */
export function PolicyEffect({
  effect,
  isAtOnce,
  onAtOnce,
}: {
  readonly effect: Effect
  readonly isAtOnce: boolean
  readonly onAtOnce: (isAtOnce: boolean) => void
}) {
  const { secrets_shortened: shortened, secrets_ended: ended, counted_fully, first } = effect
  if (shortened + ended === 0)
    return (
      <Notice isAnnounced>
        <p>{words.effectNone}</p>
      </Notice>
    )
  return (
    <>
      <Notice kind={ended > 0 ? 'alert' : 'warn'} title={words.effectTitle} isAnnounced>
        <p>{words.effect(shortened, ended, counted_fully)}</p>
      </Notice>
      <DataTable caption={words.effectCaption} columns={COLUMNS} rows={first} idOf={({ id }) => id} />
      <Check label={words.atOnce} hint={words.atOnceHint} isOn={isAtOnce} onChange={onAtOnce} />
    </>
  )
}

const COLUMNS: readonly Column<First>[] = [
  {
    id: 'holder',
    head: words.holder,
    cell: ({ kind, id, name }) => (
      <Link to={kind === 'key' ? paths.key.to(id) : paths.client.to(id)}>{name}</Link>
    ),
  },
  { id: 'owner', head: words.owner, cell: ({ owner_id }) => owner_id ?? words.provider },
  { id: 'lastUsed', head: words.lastUsed, cell: ({ last_used_at }) => <Time at={last_used_at} /> },
  { id: 'expires', head: words.expires, cell: ({ expires_at }) => <Time at={expires_at} /> },
  { id: 'ends', head: words.ends, cell: ({ ends_at }) => <Time at={ends_at} /> },
]
