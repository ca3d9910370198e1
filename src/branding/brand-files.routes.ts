import type { FastifyInstance } from 'fastify'
import { problem } from '../http/problem.ts'
import { sendProblem } from '../http/send-problem.ts'
import { BRAND_FILES } from './brand-files.ts'
import type { ShownBranding } from './shown-branding.ts'

/** Serves logo and colour to everybody, from our own origin. Opened as a page of its own, an image can do nothing. */
export function brandFileRoutes(app: FastifyInstance, shown: ShownBranding): void {
  app.get<{ Params: { name: string } }>(
    `${BRAND_FILES}/:name`,
    { schema: { hide: true } },
    async ({ params }, reply) => {
      const file = await shown.file(`${BRAND_FILES}/${params.name}`)
      if (file === undefined) return sendProblem(reply, NO_SUCH_FILE)
      return reply
        .type(file.type)
        .headers({
          'cache-control': 'public, max-age=31536000, immutable',
          'content-security-policy': "default-src 'none'; sandbox",
        })
        .send(file.content)
    },
  )
}

const NO_SUCH_FILE = problem('not_found', 'The branding has no such file, or no longer.')
