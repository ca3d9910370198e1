import { isMailAddress, readSmtpUrl, type SmtpSettings } from './smtp-settings.ts'

/** Reads `SMTP_URL` and `DOORWARD_MAIL_FROM`; null without the first. @returns also what is wrong with them */
export function readMailSettings(
  url: string | undefined,
  from: string | undefined,
): { readonly smtp: SmtpSettings | null; readonly faults: readonly string[] } {
  const server = url === undefined ? null : readSmtpUrl(url)
  const faults: string[] = []
  if (url !== undefined && server === null)
    faults.push('SMTP_URL must be an smtp:// or smtps:// URL, with nothing after the port')
  if (from === undefined ? url !== undefined : !isMailAddress(from))
    faults.push('DOORWARD_MAIL_FROM must be an e-mail address, such as keys@example.com, beside SMTP_URL')
  return { smtp: server === null || from === undefined ? null : { ...server, from }, faults }
}
