import { useState } from 'react'
import { secretIn } from '../api/pasted-secret.ts'
import { actWords as words } from '../words/acts.ts'

/** For a box whose text goes into URLs: empties it of a pasted secret, and has words that say so. */
export function useNoSecret(): { readonly said: string; readonly accept: (text: string) => string } {
  const [said, setSaid] = useState('')
  return {
    said,
    accept: (text) => {
      const isSecret = secretIn(text) !== null
      setSaid(isSecret ? words.secretRemoved : '')
      return isSecret ? '' : text
    },
  }
}
