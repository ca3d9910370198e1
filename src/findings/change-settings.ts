import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import type { Caller } from '../management/caller.ts'
import { lockSettings, putSettings } from './finding.store.ts'
import type { FindingSettings } from './finding.ts'

/** Puts the settings of findings; the next run of the job that looks for them goes by them. */
export async function changeFindingSettings(
  tx: Tx,
  caller: Caller,
  settings: FindingSettings,
): Promise<FindingSettings> {
  const before = await lockSettings(tx)
  const isSame =
    before.unusedAfterDays === settings.unusedAfterDays &&
    before.rotateAfterDays === settings.rotateAfterDays &&
    before.weeklyMail === settings.weeklyMail
  if (isSame) return before
  await putSettings(tx, settings)
  await record(tx, caller, {
    action: 'finding_settings.changed',
    target: { id: 'finding_settings', ownerId: null },
    detail: {
      unused_after_days: { from: before.unusedAfterDays, to: settings.unusedAfterDays },
      rotate_after_days: { from: before.rotateAfterDays, to: settings.rotateAfterDays },
      weekly_mail: { from: before.weeklyMail, to: settings.weeklyMail },
    },
  })
  return settings
}
