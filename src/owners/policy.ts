/** The configuration's rules: for environments and owners that have none of their own. */
export interface ConfiguredPolicy {
  /** The environments that keys can be made for. */
  readonly environments: readonly string[]
  /** Longest lifetime of a secret, from its creation; null: secrets may have no expiry. */
  readonly maxLifetimeSeconds: number | null
  /** Keys of one owner that are neither revoked nor expired. */
  readonly maxKeysPerOwner: number
}

/** Rules for keys and secrets; null: no rule. */
export interface PolicyRules {
  /** Longest lifetime of a secret, from its creation. */
  readonly maxLifetimeSeconds: number | null
  /** Lifetime of a secret for which no end is named. */
  readonly defaultLifetimeSeconds: number | null
  /** False: each new secret has an end. */
  readonly neverExpiresAllowed: boolean
  /** Longest time in which both secrets of a rotation work. */
  readonly maxOverlapSeconds: number | null
  /** Keys of one owner that are neither revoked nor expired. */
  readonly maxKeys: number | null
  /** True: each new key has an allow-list of addresses; existing ones without are disabled at a date. */
  readonly ipAllowlistRequired: boolean
  /** The only scopes that keys can be given. */
  readonly allowedScopes: readonly string[] | null
  /** Of these, the only ones that callers of one owner can give. */
  readonly ownerAllowedScopes: readonly string[] | null
  /** A key that has not been rotated for so long is due, and disabled 30 days later. */
  readonly rotateEveryDays: number | null
  /** A key that has not been used for so long is given a date, and disabled then unless it is used. */
  readonly disableUnusedAfterDays: number | null
  /** Days before the end of a secret at which its people are told; null: {@link DEFAULT_NOTICE_TIERS}. */
  readonly noticeTiers: readonly number[] | null
}

export const DEFAULT_NOTICE_TIERS: readonly number[] = [30, 7, 1]

export type RuleName = keyof PolicyRules

/** Where a rule comes from; `configuration` also where there is none. */
export type RuleOrigin = 'owner' | 'environment' | 'configuration'

/** The rules for one owner in one environment, each with where it comes from. */
export interface Policy extends PolicyRules {
  readonly environment: string
  readonly maxKeys: number
  readonly from: Readonly<Record<RuleName, RuleOrigin>>
}

/** The operator's replacements for one owner; null: the environment's rule applies. */
export type OwnPolicy = { readonly [Name in RuleName]: PolicyRules[Name] | null }

/** Replacements in a request; undefined ones stay as they are. */
export type ChosenPolicy = { readonly [Name in RuleName]?: OwnPolicy[Name] | undefined }

/** The rules of an environment that has none of its own. */
export const NO_RULES: PolicyRules = {
  maxLifetimeSeconds: null,
  defaultLifetimeSeconds: null,
  neverExpiresAllowed: true,
  maxOverlapSeconds: null,
  maxKeys: null,
  ipAllowlistRequired: false,
  allowedScopes: null,
  ownerAllowedScopes: null,
  rotateEveryDays: null,
  disableUnusedAfterDays: null,
  noticeTiers: null,
}

/** The policy of an owner in an environment: rule by rule its own, else the environment's, else the configuration's. */
export function policyOf(
  configured: ConfiguredPolicy,
  environment: string,
  rules: PolicyRules = NO_RULES,
  own: ChosenPolicy = {},
): Policy {
  const originOf = (name: RuleName): RuleOrigin => {
    if (own[name] != null) return 'owner'
    return rules[name] === NO_RULES[name] ? 'configuration' : 'environment'
  }
  const held = ofEachRule((name) => own[name] ?? rules[name]) as unknown as PolicyRules
  return {
    ...held,
    environment,
    maxLifetimeSeconds: held.maxLifetimeSeconds ?? configured.maxLifetimeSeconds,
    maxKeys: held.maxKeys ?? configured.maxKeysPerOwner,
    from: ofEachRule(originOf),
  }
}

/** An object with a value for each rule. */
export function ofEachRule<Value>(value: (name: RuleName) => Value): Readonly<Record<RuleName, Value>> {
  const names = Object.keys(NO_RULES) as RuleName[]
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<RuleName, Value>
}

/** Why rules of an environment, or an owner's own, contradict each other. They do without the configuration's, which can be changed. */
export type Contradiction = 'default_longer_than_longest' | 'no_end_for_new_secrets'

export function contradictionIn({
  maxLifetimeSeconds: longest,
  defaultLifetimeSeconds: usual,
  neverExpiresAllowed,
}: Pick<
  PolicyRules,
  'maxLifetimeSeconds' | 'defaultLifetimeSeconds' | 'neverExpiresAllowed'
>): Contradiction | null {
  if (longest !== null && usual !== null && usual > longest) return 'default_longer_than_longest'
  return neverExpiresAllowed || longest !== null || usual !== null ? null : 'no_end_for_new_secrets'
}
