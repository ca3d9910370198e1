import { NO_RULES, type PolicyRules } from './policy.ts'

const DAY = 86_400

/** Sets of rules to begin with. A preset is what it sets: nothing remembers that it was chosen. */
export const POLICY_PRESETS = {
  /** No rule but those of the configuration. */
  open: NO_RULES,
  /** A year at most, 90 days where no end is named, 30 days of overlap. */
  standard: {
    ...NO_RULES,
    maxLifetimeSeconds: 365 * DAY,
    defaultLifetimeSeconds: 90 * DAY,
    neverExpiresAllowed: false,
    maxOverlapSeconds: 30 * DAY,
  },
  /** As auditors of SOC 2 ask for: 90 days, nothing without an end, and rotation, due 30 days before that end. */
  soc2: {
    ...NO_RULES,
    maxLifetimeSeconds: 90 * DAY,
    defaultLifetimeSeconds: 90 * DAY,
    neverExpiresAllowed: false,
    maxOverlapSeconds: 7 * DAY,
    rotateEveryDays: 60,
    noticeTiers: [30, 7, 1],
  },
} as const satisfies Record<string, PolicyRules>

export type PresetName = keyof typeof POLICY_PRESETS

export const PRESET_NAMES = Object.keys(POLICY_PRESETS) as readonly PresetName[]
