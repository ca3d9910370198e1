import type { Clock } from '../base/clock.ts'
import { settleWithin } from '../base/settle-within.ts'
import type { Db } from '../db/schema.ts'
import type { Logger } from '../http/log.ts'
import { type Brand, plainBrand } from '../pages/brand.ts'
import { accentFileOf, type BrandFile, logoFileOf } from './brand-files.ts'
import { findBranding } from './branding.store.ts'
import type { Branding } from './branding.ts'

/** Another server's change is shown after this time. */
export const SHOWN_FRESH_MS = 5_000
/** A file that is not known here may be of a change on another server. Strangers can ask for any name. */
const UNKNOWN_FILE_FRESH_MS = 1_000
/** Pages do not wait longer: they are shown with what was read before. */
const READ_WITHIN_MS = 2_000
/** Of the last brandings: a page of before the change still asks for its files. */
const MAX_FILES = 6

interface Shown {
  readonly brand: Brand
  readonly productName: string | null
  readonly files: readonly BrandFile[]
}

/**
 * Caches the branding for pages: one small read per server and five seconds. A page is never refused because of it: while
 * the database does not answer, the last known branding is shown.
 */
export class ShownBranding {
  readonly #db: Db
  readonly #clock: Clock
  readonly #log: Logger
  readonly #host: string
  #shown: Shown
  #asOfMs = Number.NEGATIVE_INFINITY
  #reading: Promise<Shown> | null = null
  #files = new Map<string, BrandFile>()

  constructor(db: Db, clock: Clock, log: Logger, publicUrl: string) {
    this.#db = db
    this.#clock = clock
    this.#log = log
    this.#host = new URL(publicUrl).host
    this.#shown = { brand: plainBrand(this.#host), productName: null, files: [] }
  }

  async brand(): Promise<Brand> {
    return (await this.#get(SHOWN_FRESH_MS)).brand
  }

  /** Name and logo for the dashboard. */
  async named(): Promise<{ readonly productName: string | null; readonly logoPath: string | null }> {
    const { productName, brand } = await this.#get(SHOWN_FRESH_MS)
    return { productName, logoPath: brand.logo?.path ?? null }
  }

  /** A logo or style sheet by its path; undefined: there is none, or no longer. */
  async file(path: string): Promise<BrandFile | undefined> {
    if (!this.#files.has(path)) await this.#get(UNKNOWN_FILE_FRESH_MS)
    return this.#files.get(path)
  }

  /** Reads again at the next page: for changes on this server. */
  expire(): void {
    this.#asOfMs = Number.NEGATIVE_INFINITY
    this.#reading = null
  }

  async #get(freshMs: number): Promise<Shown> {
    if (this.#clock.steadyMs() - this.#asOfMs < freshMs) return this.#shown
    this.#reading ??= this.#read()
    return await settleWithin(
      READ_WITHIN_MS,
      this.#shown,
      () => this.#reading ?? Promise.resolve(this.#shown),
    )
  }

  #read(): Promise<Shown> {
    const startedAtMs = this.#clock.steadyMs()
    const reading = findBranding(this.#db)
      .then((branding) => shownOf(branding, this.#host))
      .catch((error) => {
        this.#log.warn({ err: error }, 'the branding cannot be read: pages show the last known one')
        return this.#shown
      })
      .then((shown) => {
        // A read that began before a change on this server is only for pages from before it.
        if (this.#reading !== reading) return shown
        this.#reading = null
        this.#asOfMs = startedAtMs
        this.#keep(shown)
        return shown
      })
    return reading
  }

  #keep(shown: Shown): void {
    this.#shown = shown
    for (const file of shown.files) {
      this.#files.delete(file.path)
      this.#files.set(file.path, file)
    }
    for (const path of this.#files.keys()) if (this.#files.size > MAX_FILES) this.#files.delete(path)
  }
}

function shownOf(branding: Branding, host: string): Shown {
  const { productName, accentColor, logo, supportUrl, privacyUrl, termsUrl } = branding
  const logoFile = logo === null ? null : logoFileOf(logo)
  const accentFile = accentColor === null ? null : accentFileOf(accentColor)
  const links = [
    ['Help', supportUrl],
    ['Privacy', privacyUrl],
    ['Terms', termsUrl],
  ] as const
  return {
    productName,
    brand: {
      name: productName ?? host,
      isNamed: productName !== null,
      logo: logo === null || logoFile === null ? null : { path: logoFile.path, ...sizeOf(logo) },
      stylePath: accentFile?.path ?? null,
      links: links.flatMap(([words, url]) => (url === null ? [] : [{ words, url }])),
    },
    files: [logoFile, accentFile].filter((file) => file !== null),
  }
}

function sizeOf({ width, height }: { readonly width: number; readonly height: number }) {
  return { width, height }
}
