/** Words of the page that changes a key. */
export const editWords = {
  title: (name: string) => `Edit ${name}`,
  lead: 'Changes count from the next call on, at every verifier.',
  save: 'Save',
  cancel: 'Cancel',
  removed: (names: readonly string[]) => `Programs that need ${names.join(', ')} will be refused.`,
  added: (names: readonly string[]) =>
    `The secrets that are out there will be able to do more: ${names.join(', ')}.`,
}
