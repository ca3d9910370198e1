import { writeFile } from 'node:fs/promises'
import { auditActionsPage } from './audit-actions-page.ts'
import { configurationPage } from './configuration-page.ts'

// `npm run docs` writes the pages that are made from tables of the code.
await writeFile('docs/configuration.md', configurationPage())
await writeFile('docs/audit-actions.md', auditActionsPage())
