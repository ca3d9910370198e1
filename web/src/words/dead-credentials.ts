/** Words of the page about secrets that have ended and are still presented. */
export const deadWords = {
  title: 'Ended credentials in use',
  lead: 'Secrets that are refused because they have ended or are stopped, and were presented in the last 7 days. Somewhere a program still holds each of them.',
  reason: 'Refused because',
  lastCall: 'Last call',
  calls: 'Calls in 24 h',
  noneTitle: 'None',
  none: 'No ended secret was presented in the last 7 days.',
}
