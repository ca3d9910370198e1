import { Fragment } from 'react'
import type { Static } from 'typebox'
import { Link } from 'wouter'
import type { ChangedPolicyWire } from '../../../src/owners/environment-policy.wire.ts'
import type { RuleFields } from '../../../src/owners/policy-fields.ts'
import { paths } from '../paths.ts'
import { Check } from '../ui/check.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Notice, Section } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import { policyWords as words } from '../words/policies.ts'
import { changedRules, type Rule } from './policy-draft.part.ts'

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
type Disabled = Effect['keys_disabled'][number]['first'][number]

/** Existing secrets that would end earlier, and keys that would be disabled: how many, and which first. */
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
  const disabled = effect.keys_disabled.filter(({ keys }) => keys > 0)
  const canBeAtOnce =
    shortened + ended > 0 || disabled.some(({ rule }) => rule !== 'disable_unused_after_days')
  if (shortened + ended === 0 && disabled.length === 0)
    return (
      <Notice isAnnounced>
        <p>{words.effectNone}</p>
      </Notice>
    )
  return (
    <>
      {shortened + ended > 0 && (
        <>
          <Notice kind={ended > 0 ? 'alert' : 'warn'} title={words.effectTitle} isAnnounced>
            <p>{words.effect(shortened, ended, counted_fully)}</p>
          </Notice>
          {first.length > 0 && (
            <DataTable caption={words.effectCaption} columns={COLUMNS} rows={first} idOf={({ id }) => id} />
          )}
        </>
      )}
      {disabled.map(({ rule, keys, at_once: atOnce, counted_fully: isAll, first: keysFirst }) => (
        <Fragment key={rule}>
          <Notice kind={atOnce > 0 ? 'alert' : 'warn'} title={words.disabledTitle} isAnnounced>
            <p>{words.disabled(rule, keys, atOnce, isAll)}</p>
          </Notice>
          <DataTable
            caption={words.disabledCaption(rule)}
            columns={DISABLED_COLUMNS}
            rows={keysFirst}
            idOf={({ id }) => id}
          />
        </Fragment>
      ))}
      {canBeAtOnce && (
        <Check label={words.atOnce} hint={words.atOnceHint} isOn={isAtOnce} onChange={onAtOnce} />
      )}
    </>
  )
}

/** True where saving would stop something at once. */
export function endsAtOnce({ secrets_ended: ended, keys_disabled: disabled }: Effect): boolean {
  return ended > 0 || disabled.some(({ at_once: atOnce }) => atOnce > 0)
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

const DISABLED_COLUMNS: readonly Column<Disabled>[] = [
  { id: 'key', head: words.key, cell: ({ id, name }) => <Link to={paths.key.to(id)}>{name}</Link> },
  { id: 'owner', head: words.owner, cell: ({ owner_id }) => owner_id },
  { id: 'lastUsed', head: words.lastUsed, cell: ({ last_used_at }) => <Time at={last_used_at} /> },
  { id: 'disables', head: words.disables, cell: ({ disables_at }) => <Time at={disables_at} /> },
]
