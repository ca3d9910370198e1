/** Words of the form of an owner's own rules. */
export const ownPolicyWords = {
  change: 'Set its policy',
  formTitle: (name: string) => `Policy of ${name}`,
  formLead:
    'Rules that replace those of each environment for this owner, stricter or laxer. An empty one does not.',
  duration: 'Such as 90 days or 12 h. Empty: as the environment.',
  rotateEvery: 'Rotation due after, in days',
  empty: 'Empty: as the environment.',
  maxKeys: 'Keys at most',
  maxKeysHint: 'Neither revoked nor expired, in all environments. Empty: as the environment.',
  asEnvironment: 'as the environment',
  allowed: 'allowed',
  notAllowed: 'not allowed',
  required: 'required',
  notRequired: 'not required',
  tiersHint: 'Whole days, separated by commas. Empty: as the environment.',
  ownerScopes: 'Its own admin keys can give only some scopes',
  ownerScopesHint: 'Staff and your own admin keys are not meant.',
  nothing: 'Nothing differs from the rules as they are.',
  save: 'Save the policy',
}
