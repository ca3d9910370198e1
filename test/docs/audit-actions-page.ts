import { allActions, type NamedAction } from '../../src/audit/audit-action.ts'

/** docs/audit-actions.md, from the table in src/audit. */
export function auditActionsPage(): string {
  const rows = allActions()
  const renamed = rows.filter(({ formerNames }) => formerNames.length > 0)
  return [
    '# Audit actions',
    '',
    'Every event in the audit log has one of these actions. `GET /v1/audit-actions` returns the same table. ' +
      'This page is generated from it: `npm run docs`.',
    '',
    '**Verdicts** says whether verifiers are notified: of every such event (*always*), of those that alter a verdict ' +
      '(*sometimes*), or of none (*never*). A field with `?` is there only where it applies.',
    '',
    'The detail of what was done as the remedy of a [finding](guides/lifecycle.md#what-helps) has its id too: `finding` (text).',
    '',
    '| action | means | target | detail | verdicts |',
    '|---|---|---|---|---|',
    ...rows.map(lineOf),
    '',
    '## Former names',
    '',
    'Events are never rewritten, because each is part of the hash chain: older ones keep their action. ' +
      'The filter `action` takes both names and finds the events of both.',
    '',
    '| now | before |',
    '|---|---|',
    ...renamed.map(({ action, formerNames }) => `| \`${action}\` | \`${formerNames.join('`, `')}\` |`),
    '',
    'Two actions were divided. `client.expired` was `client.revoked`, and `admin_key.exposed` was `key.exposed`.',
    '',
  ].join('\n')
}

function lineOf({ action, description, target, detail, altersVerdicts }: NamedAction): string {
  const fields = Object.entries(detail).map(([name, type]) => `\`${name}\` (${type})`)
  return `| \`${action}\` | ${description} | ${target} | ${fields.join(', ')} | ${altersVerdicts} |`
}
