/** The API provider, as pages for people show it. */
export interface Brand {
  /** Name of the product; the host, where none is set. */
  readonly name: string
  /** False: Doorward's own mark is shown. */
  readonly isNamed: boolean
  readonly logo: { readonly path: string; readonly width: number; readonly height: number } | null
  /** Path of the style sheet with the accent colour; null: the usual colour. */
  readonly stylePath: string | null
  readonly links: readonly { readonly words: string; readonly url: string }[]
}

/** Nothing is set, or can be read. */
export function plainBrand(host: string): Brand {
  return { name: host, isNamed: false, logo: null, stylePath: null, links: [] }
}

/** Knows the current brand, and never rejects. */
export interface BrandSource {
  brand(): Promise<Brand>
}
