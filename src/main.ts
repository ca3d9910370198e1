import { parseArgs } from 'node:util'
import { mintCredential } from '@doorward/sdk/kernel'
import { makeRecoveryKey } from './admin-keys/first-admin-key.ts'
import { type ArchiveFlags, archiveAudit, checkFile } from './audit/archive-command.ts'
import { systemOrigin } from './audit/audit-event.ts'
import { verifyChain } from './audit/verify-chain.ts'
import { systemClock } from './base/clock.ts'
import type { Result } from './base/result.ts'
import { type Config, readConfig } from './config.ts'
import { describeVariable, VARIABLES, type VariableName } from './config-variables.ts'
import type { Database } from './db/database.ts'
import { migrate, pendingMigrations } from './db/migrate.ts'
import { openDatabase } from './db/open.ts'
import { resetFactorsOf } from './staff/factors/reset-factors.ts'
import { pathOfLink } from './staff/make-staff-link.ts'
import { makeLinkFor } from './staff/staff-command.ts'
import { startFailureOf } from './start-failure.ts'

const HELP = `doorward: API keys for your API, and who may do what with it

  node src/main.ts [serve]                 start the server
  node src/main.ts migrate [--dry-run]     migrate the database, or list what would be done
  node src/main.ts verify-audit            walk the audit log's hash chain; exit 1 where it is broken
  node src/main.ts archive-audit           write the audit log's oldest events to a file: --until-seq N or
                                           --older-than-days D says which, and without --out FILE nothing is done;
                                           --remove then removes them from the database; --check FILE verifies a file
  node src/main.ts admin-key               create an admin key with all permissions, where the last one is lost
  node src/main.ts staff link EMAIL        create a one-time link with which a staff member sets a new password, or,
                                           where there is no staff, becomes the first administrator
  node src/main.ts staff reset-factors EMAIL
                                           remove the second factors of a staff member who has lost them
  node src/main.ts admin-key --mint        print a well-formed admin key without registering it (DOORWARD_ADMIN_KEY)

Settings, from the environment:
${(Object.keys(VARIABLES) as VariableName[])
  .map((name) => `  ${name.padEnd(28)} ${describeVariable(name)}`)
  .join('\n')}
`

const COMMANDS: Readonly<
  Record<string, (config: Config, flags: Flags, operands: readonly string[]) => Promise<void>>
> = {
  // Loaded for this command alone: the whole server takes more time than the others do.
  serve: async (config) => (await import('./serve.ts')).serve(config),
  migrate: migrateCommand,
  'verify-audit': verifyAuditCommand,
  'archive-audit': archiveAuditCommand,
  'admin-key': adminKeyCommand,
  staff: staffCommand,
}

/** Commands that take operands, and how many. */
const OPERANDS: Readonly<Record<string, number>> = { staff: 2 }

interface Flags extends ArchiveFlags {
  readonly check?: string | undefined
  readonly help?: boolean | undefined
  readonly 'dry-run'?: boolean | undefined
  readonly mint?: boolean | undefined
}

await main()

async function main(): Promise<void> {
  const options = {
    help: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    mint: { type: 'boolean' },
    'until-seq': { type: 'string' },
    'older-than-days': { type: 'string' },
    out: { type: 'string' },
    remove: { type: 'boolean' },
    check: { type: 'string' },
  } as const
  let where: Config | null = null
  try {
    const { values: flags, positionals } = parseArgs({ options, allowPositionals: true })
    if (flags.help) return say(HELP)
    const [name = 'serve', ...more] = positionals
    const command = COMMANDS[name]
    if (command === undefined || more.length !== (OPERANDS[name] ?? 0))
      return fail(`There is no command "${positionals.join(' ')}".\n\n${HELP}`, 2)
    const config = readConfig(process.env)
    if ('faults' in config) return fail(`Invalid configuration:\n  ${config.faults.join('\n  ')}`, 2)
    where = config
    await command(config, flags, more)
  } catch (error) {
    const { words, exitCode } = startFailureOf(error, where)
    fail(words, exitCode)
  }
}

async function migrateCommand(config: Config, flags: Flags): Promise<void> {
  await withDatabase(config, async (database) => {
    const names = flags['dry-run'] ? await pendingMigrations(database.db) : await migrate(database, notice)
    if (names.length === 0) say('The database is up to date.\n')
    else say(`${flags['dry-run'] ? 'Would apply' : 'Applied'}: ${names.join(', ')}\n`)
  })
}

async function verifyAuditCommand(config: Config): Promise<void> {
  await withDatabase(config, async ({ db }) => {
    const check = await verifyChain(db, {
      onProgress: (events) => process.stderr.write(`\r${events} events …`),
    })
    process.stderr.write('\r')
    if (check.intact) return say(`The chain is intact: ${check.events} events, head ${check.headHash}\n`)
    const { seq, id, fault } = check.firstBroken
    fail(`The chain is broken at event ${seq}${id === null ? '' : ` (${id})`}: ${fault}.`, 1)
  })
}

async function archiveAuditCommand(config: Config, flags: Flags): Promise<void> {
  if (flags.check !== undefined) return finish(await checkFile(flags.check))
  await withDatabase(config, async ({ db }) =>
    finish(await archiveAudit(db, systemOrigin(systemClock.now()), flags)),
  )
}

function finish(result: Result<string, string>): void {
  if (result.ok) say(`${result.value}\n`)
  else fail(result.no, 1)
}

async function adminKeyCommand(config: Config, flags: Flags): Promise<void> {
  const { brand } = config.settings
  if (flags.mint) return say(`${mintCredential('admin_key', { brand }).reveal()}\n`)
  await withDatabase(config, async (database) => {
    await migrate(database, notice)
    const secret = await makeRecoveryKey(database.db, systemOrigin(systemClock.now()), brand)
    process.stderr.write(
      'A new admin key with all permissions, shown once. The audit log records that it was created.\n',
    )
    say(`${secret.reveal()}\n`)
  })
}

async function staffCommand(config: Config, _: Flags, [what, email = '']: readonly string[]): Promise<void> {
  if (what === 'reset-factors') return await resetFactorsCommand(config, email)
  if (what !== 'link') return fail(`There is no command "staff ${what}".\n\n${HELP}`, 2)
  await withDatabase(config, async (database) => {
    await migrate(database, notice)
    const made = await makeLinkFor(database.db, systemOrigin(systemClock.now()), email)
    if (!made.ok) return fail(made.no, 1)
    process.stderr.write('A one-time link, shown once. The audit log records that it was created.\n')
    say(`${config.settings.publicUrl}${pathOfLink(made.value)}\n`)
  })
}

async function resetFactorsCommand(config: Config, email: string): Promise<void> {
  await withDatabase(config, async (database) => {
    await migrate(database, notice)
    const reset = await resetFactorsOf(database.db, systemOrigin(systemClock.now()), email)
    if (!reset.ok) return fail(reset.no, 1)
    say(
      reset.value === 0
        ? 'The member has no second factors. Nothing was changed.\n'
        : `Second factors removed: ${reset.value}. All sessions of the member are ended, and the audit log has it. The password alone signs in now.\n`,
    )
  })
}

async function withDatabase(config: Config, work: (database: Database) => Promise<void>): Promise<void> {
  const database = await openDatabase(config.place)
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

/** Prints progress and notices of a command to stderr. */
function notice(_: string, message: string): void {
  process.stderr.write(`${message}\n`)
}

function say(text: string): void {
  process.stdout.write(text)
}

function fail(text: string, exitCode: number): void {
  process.stderr.write(`${text}\n`)
  process.exitCode = exitCode
}
