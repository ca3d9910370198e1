import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'cache-memory.fixture.ts')
/** Memory of the process that does not belong to the cache. */
const SLACK = 2 * 1024 * 1024

const kinds: string[] = JSON.parse((await run(process.execPath, ['--expose-gc', program])).stdout)

for (const kind of kinds)
  test(`OPS-08: the cache takes no more memory than it counts: ${kind}`, async (t) => {
    const { stdout } = await run(process.execPath, ['--expose-gc', program, kind])
    const { entries, counted, measured } = JSON.parse(stdout)
    t.diagnostic(`${entries} entries, ${counted} counted, ${measured} measured`)
    assert.ok(measured < counted * 1.2 + SLACK, `${measured} bytes where ${counted} are counted`)
    assert.ok(counted < measured * 4, `${counted} bytes are counted where ${measured} are taken`)
  })
