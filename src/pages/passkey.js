// Asks the browser for a passkey, and sends it with the form that has the options. The one script of our own pages.
'use strict'

const form = document.querySelector('form[data-passkey]')
const note = document.querySelector('[data-passkey-alert]')

form?.addEventListener('submit', async (event) => {
  const answer = form.elements.namedItem('credential')
  if (answer.value !== '') return
  event.preventDefault()
  note.hidden = true
  try {
    answer.value = JSON.stringify(await ask(form.dataset.passkey, JSON.parse(form.dataset.options)))
    form.submit()
  } catch (error) {
    note.textContent = wordsOf(error)
    note.hidden = false
  }
})

async function ask(ceremony, options) {
  if (ceremony === 'create') {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
    return (await navigator.credentials.create({ publicKey })).toJSON()
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return (await navigator.credentials.get({ publicKey })).toJSON()
}

function wordsOf(error) {
  if (error.name === 'InvalidStateError') return 'This device has a passkey for your account already.'
  if (error.name === 'NotAllowedError') return 'No passkey was used. Try again, or choose another way.'
  return 'This browser cannot use passkeys here. Choose another way.'
}
