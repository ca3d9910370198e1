import { VARIABLES, type Variable, type VariableName } from '../../src/config-variables.ts'

/** Sections of docs/configuration.md, in their order. */
const SECTIONS: readonly (readonly [title: string, names: readonly VariableName[]])[] = [
  ['Server', ['PORT', 'HOST', 'PUBLIC_URL', 'WORKERS', 'DOORWARD_DRAIN_SECONDS', 'DOORWARD_LOG_LEVEL']],
  ['Proxies', ['DOORWARD_TRUSTED_PROXIES', 'DOORWARD_HOSTS', 'DOORWARD_FORWARD_AUTH']],
  [
    'Database and Redis',
    [
      'DATA_DIR',
      'DATABASE_URL',
      'DOORWARD_DIRECT_DATABASE_URL',
      'DOORWARD_CONNECTIONS',
      'DOORWARD_PREPARED',
      'REDIS_URL',
      'DOORWARD_LIMITS_WITHOUT_REDIS',
    ],
  ],
  [
    'Keys and scopes',
    [
      'DOORWARD_ADMIN_KEY',
      'DOORWARD_CATALOGUE',
      'DOORWARD_ENVIRONMENTS',
      'DOORWARD_BRAND',
      'DOORWARD_MAX_LIFETIME_DAYS',
      'DOORWARD_MAX_KEYS_PER_OWNER',
      'DOORWARD_CHANGES_PER_MINUTE',
    ],
  ],
  ['Sign-in', ['DOORWARD_SECRET', 'LOGIN_URL']],
  ['Staff', ['DOORWARD_STAFF_SECOND_FACTOR', 'DOORWARD_SSO_NETWORKS', 'DOORWARD_TEST_ENVIRONMENTS']],
  [
    'OAuth',
    [
      'DOORWARD_ACCESS_TOKEN_SECONDS',
      'DOORWARD_REFRESH_IDLE_DAYS',
      'DOORWARD_REFRESH_MAX_DAYS',
      'DOORWARD_GRANT_MAX_DAYS',
      'DOORWARD_CLIENT_DOCUMENTS',
      'DOORWARD_CLIENT_REGISTRATION',
      'DOORWARD_REGISTRATIONS_PER_HOUR',
      'DOORWARD_PRIVATE_SCHEMES',
    ],
  ],
]

const INTRODUCTION = `# Configuration

All settings are environment variables. The server checks them at the start and reports every fault at once. An empty variable counts as a missing one. An unknown name that begins with \`DOORWARD_\` stops the start, except the names of programs that call Doorward: \`DOORWARD_URL\`, \`DOORWARD_VERIFY_KEY\` and \`DOORWARD_LOGIN_KEY\`.

[Operate](guides/operate.md#configuration) says more about some of them; \`node_modules/.bin/node src/main.ts --help\` prints the list. \`npm run docs\` makes this page from \`src/config-variables.ts\`.`

/** Writes docs/configuration.md from the table of variables. */
export function configurationPage(): string {
  const sections = sectionsOf(SECTIONS).map(([title, names]) =>
    [`## ${title}`, '', '| variable | type | default | meaning | example |', '|---|---|---|---|---|']
      .concat(names.map(rowOf))
      .join('\n'),
  )
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`
}

/** A variable without a section of its own is on the page too, so that none is forgotten. */
function sectionsOf(sections: typeof SECTIONS): typeof SECTIONS {
  const placed = new Set(sections.flatMap(([, names]) => names))
  const others = (Object.keys(VARIABLES) as VariableName[]).filter((name) => !placed.has(name))
  return others.length === 0 ? sections : [...sections, ['Other settings', others]]
}

function rowOf(name: VariableName): string {
  const variable: Variable = VARIABLES[name]
  const { description, example } = variable
  const fallback = variable.default === undefined ? variable.otherwise : `\`${variable.default}\``
  return `| \`${name}\` | ${typeOf(variable)} | ${fallback} | ${description} | ${example.includes('`') ? example : `\`${example}\``} |`
}

function typeOf({ type, range, unit }: Variable): string {
  if (range === undefined) return type === 'list' ? 'list, by commas' : type
  return `${unit ?? 'number'}, ${range.map((bound) => bound.toLocaleString('en')).join(' to ')}`
}
