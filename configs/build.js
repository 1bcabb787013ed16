/**
 * Builds `dist` from `src`: a fresh folder, JavaScript by tsc, an executable entry.
 *
 * With `--if-possible` (npm's `prepare`) a missing compiler is no error: `npm ci --omit=dev`
 * installs none, and what it installs was built before.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = `${root}node_modules/typescript/bin/tsc`

if (!existsSync(compiler)) {
  if (process.argv.includes('--if-possible')) process.exit(0)
  process.stderr.write('build: typescript is not installed; run `npm ci` first\n')
  process.exit(2)
}

rmSync(`${root}dist`, { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  [compiler, '-p', `${root}configs/tsconfig.build.json`],
  { stdio: 'inherit' }
)
if (status !== 0) process.exit(status ?? 1)
chmodSync(`${root}dist/cli/bin.js`, 0o755)
