import { FORM_WITH_SCOPES_BYTES } from '../grants/many-scopes.ts'
import { type AuthorizeParts, loadFacts } from './authorization-facts.ts'
import { beginAuthorization } from './begin-authorization.ts'
import { aboutConsent, consentAt, reloadLink } from './consent.page.ts'
import { AUTOMATIC, followStep } from './follow-step.ts'
import { nextStep } from './next-step.ts'
import { AUTHORIZE_PATH, CONSENT_PATH, REFUSED_PATH } from './paths.ts'
import { refuseSignIn, takeDecision } from './take-decision.ts'

/**
 * The authorization endpoint and the consent page (RFC 6749 §4.1.1, §4.1.2). The request is stored between the two, so
 * that nothing can be changed on the way; the browser carries only a token for it.
 */
export function authorizeRoutes(parts: AuthorizeParts): void {
  const { pages } = parts
  const settings = { keepsOpener: true }
  const starts = pages.startLimit()
  pages.get(
    AUTHORIZE_PATH,
    async (visit) => starts.refuse(visit) ?? (await beginAuthorization(parts, visit)),
    settings,
  )
  // OpenID Connect Core 3.1.2.1 has clients send it by POST too (RFC 6749 §3.1: MAY).
  pages.postAsGet(AUTHORIZE_PATH, settings)
  pages.get(
    CONSENT_PATH,
    async (visit) => {
      const facts = await loadFacts(parts, visit, visit.query.get('request') ?? '')
      return await followStep(parts, visit, nextStep(facts, parts.grantSeconds, visit.now), AUTOMATIC)
    },
    settings,
  )
  pages.post(
    CONSENT_PATH,
    (fields) => aboutConsent(fields.get('request') ?? '', fields.get('shown') ?? ''),
    (visit, fields) => takeDecision(parts, visit, fields),
    {
      ...settings,
      maxFormBytes: FORM_WITH_SCOPES_BYTES,
      // Each answer that allows has a code of its own, because an app may redeem both.
      handlesRepeats: true,
      // The first click on "another user" has ended the session: the request asks for the sign-in again.
      onStale: async (visit, fields) =>
        fields.get('decision') === 'somebody_else' && visit.cookie('session') === undefined
          ? { goTo: consentAt(pages, fields.get('request') ?? '') }
          : null,
      wayOnFrom: (fields) => reloadLink(pages, fields.get('request') ?? ''),
    },
  )
  pages.get(REFUSED_PATH, (visit) => refuseSignIn(parts, visit), settings)
}
