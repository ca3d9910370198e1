/** Words for what is shown once and never again. */
export const shownOnceWords = {
  stay: (done: string) => `The secret is still on this page. Store it first, then press “${done}”.`,
}
