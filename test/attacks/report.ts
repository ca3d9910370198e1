import { writeFileSync } from 'node:fs'
import { startPostgres } from '../postgres.ts'
import type { Finding } from './attack.ts'
import { ATTACKS, attack } from './attacks.ts'
import { openDoorward } from './doorward.target.ts'
import { openOidcProvider } from './oidc-provider.target.ts'
import type { Target } from './target.ts'

// `npm run attacks` writes docs/attacks.md: every attack against both targets, in one run.

const postgres = await startPostgres()
const findings = new Map<string, Finding[]>()
const names: string[] = []
for (const open of [openDoorward, openOidcProvider]) {
  const target: Target = await open(postgres.url)
  names.push(target.name)
  for (const each of ATTACKS) {
    const finding = await attack(each, target)
    findings.set(each.what, [...(findings.get(each.what) ?? []), finding])
    process.stdout.write(`${target.name} · ${each.guarantees} · ${each.what}: ${wordsOf(finding)}\n`)
  }
  await target.close()
}
await postgres.stop()

const rows = ATTACKS.map(({ guarantees, what }) => {
  const cells = (findings.get(what) ?? []).map((finding) =>
    wordsOf(finding).replaceAll('|', '\\|').replaceAll('\n', ' '),
  )
  return `| ${guarantees} | ${what} | ${cells.join(' | ')} |`
})
writeFileSync(
  'docs/attacks.md',
  `# Attacks

\`npm run attacks\` makes every attack below against two issuers in one run, and writes this page. Both are two
processes on one ${postgres.description}, called over HTTP alone. There are no exceptions. \`npm test\` makes the attacks
on Doorward too, and fails if one succeeds.

\`oidc-provider\` is the yardstick: a certified library with a long history. It is configured with care:
PKCE for all, rotating refresh tokens, introspection, revocation, resource indicators with one default API, its own trial
pages (not meant for production: the integrator protects the consent form), and the obvious
adapter for Postgres, one table with a JSON column (\`test/attacks/oidc-provider.program.ts\`). With an adapter whose
\`consume\` is a compare-and-set, some attacks by parallel use would fail; the interface of adapters does not require it.

| guarantees | attack | ${names.join(' | ')} |
|---|---|---|---|
${rows.join('\n')}
`,
)

function wordsOf(finding: Finding): string {
  if (finding.outcome === 'held') return 'held'
  return finding.outcome === 'broken' ? `**broken**: ${finding.evidence}` : `not made: ${finding.why}`
}
