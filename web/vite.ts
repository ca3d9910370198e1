import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import type { InlineConfig } from 'vite'

/** The path below which the server serves the dashboard. */
const BASE = '/dashboard/'

/** Settings of Vite for the build and for development. */
export function viteSettings(command: 'build' | 'serve'): InlineConfig {
  return {
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    // Built files name each other relatively: where the server is reached is known when it starts.
    base: command === 'build' ? './' : BASE,
    plugins: [react()],
    publicDir: false,
    build: {
      target: 'es2023',
      // Inlined files would be `data:` URLs of scripts and fonts, which the CSP refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
    logLevel: 'warn',
  }
}
