import type { Ask } from '../management.ts'
import type { Random } from './random.ts'

/** A user of the provider's customers. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly password: string
  readonly ip: string
}

const PEOPLE = [
  ['Rosa Lindqvist', 'rosa@larkfield.example', ['org_larkfield']],
  ['Marcus Oduya', 'marcus@larkfield.example', ['org_larkfield', 'org_kestrel']],
  ['Hanna Brandt', 'hanna@larkfield.example', ['org_larkfield']],
  ['Elio Marchetti', 'elio@larkfield.example', ['org_larkfield']],
  ['Sinead Byrne', 'sinead@larkfield.example', ['org_larkfield']],
  ['Kofi Asante', 'kofi@brightwater.example', ['org_brightwater']],
  ['Maja Novak', 'maja@brightwater.example', ['org_brightwater']],
  ['Piet Verhoeven', 'piet@brightwater.example', ['org_brightwater']],
  ['Adaeze Nwosu', 'adaeze@brightwater.example', ['org_brightwater', 'org_mosswood']],
  ['Tom Kestrel', 'tom@kestrel.example', ['org_kestrel']],
  ['Yuki Hara', 'yuki@mosswood.example', ['org_mosswood']],
  ['Paul Pinna', 'paul@pinnacle.example', ['org_pinnacle']],
] as const

/** Creates users who can sign in, and says for whom they may act. @param passwordOf a new password for each */
export async function createPeople(ask: Ask, random: Random, passwordOf: () => string): Promise<Person[]> {
  const people: Person[] = []
  for (const [name, email, owners] of PEOPLE) {
    const password = passwordOf()
    const { id } = await ask<{ id: string }>('POST', '/v1/users', { email, name, password })
    for (const owner of owners) await ask('PUT', `/v1/owners/${owner}/members/${id}`)
    people.push({ id, email, password, ip: `203.0.113.${random.whole(2, 250)}` })
  }
  return people
}
