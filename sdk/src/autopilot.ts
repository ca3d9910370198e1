// For programs that use a key: it is rotated by them, while they run.
import './runtime.ts'

export {
  type Autopilot,
  AutopilotError,
  type AutopilotOptions,
  startAutopilot,
} from './autopilot/autopilot.ts'
export { envFileStore } from './autopilot/env-file-store.ts'
export { fileStore } from './autopilot/file-store.ts'
export type { SecretStore } from './autopilot/secret-store.ts'
export { Secret } from './credential/secret.ts'
export { RotationRefusedError } from './source/own-key-api.ts'
export type { OwnKeyRotation } from './source/rotate-own-key.ts'
