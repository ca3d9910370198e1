import { writeFile } from 'node:fs/promises'
import { configurationPage } from './configuration-page.ts'

// `npm run docs` writes the pages that are made from tables of the code.
await writeFile('docs/configuration.md', configurationPage())
