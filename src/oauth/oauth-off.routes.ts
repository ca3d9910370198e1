import type { FastifyInstance } from 'fastify'
import { problem } from '../http/problem.ts'
import { sendProblem } from '../http/send-problem.ts'
import { OPENID_METADATA_PATH, RESOURCE_METADATA_PATH, SERVER_METADATA_PATH } from './metadata.ts'

const PATHS = [
  '/oauth/*',
  ...[SERVER_METADATA_PATH, OPENID_METADATA_PATH, RESOURCE_METADATA_PATH].flatMap((path) => [
    path,
    `${path}/*`,
  ]),
  '/sign-in',
  '/sign-in/*',
  '/sign-out',
  '/set-password',
  '/connected-apps',
  '/connected-apps.json',
  '/connected-apps/*',
]

/** Answers all paths of OAuth and sign-in while DOORWARD_SECRET is not set, with the reason instead of a 404. */
export function oauthOffRoutes(app: FastifyInstance): void {
  const off = problem(
    'oauth_disabled',
    'Set DOORWARD_SECRET (`openssl rand -base64 32`) and start the server again.',
  )
  for (const url of PATHS)
    app.all(url, { schema: { hide: true } }, async (_, reply) => sendProblem(reply, off))
}
