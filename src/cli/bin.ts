#!/usr/bin/env node
/**
 * The executable: refuses an old Node before anything is loaded that such a Node cannot read, and
 * is itself written so that Node 14 can.
 */
const NEEDED = '24.15'

const [foundMajor = 0, foundMinor = 0] = process.versions.node.split('.').map(Number)
const [neededMajor = 0, neededMinor = 0] = NEEDED.split('.').map(Number)

if (foundMajor < neededMajor || (foundMajor === neededMajor && foundMinor < neededMinor)) {
  process.stderr.write(
    `p2pjobs: needs Node ${NEEDED} or newer, and this is Node ${process.versions.node}; ` +
      'get it from https://nodejs.org, or run `npm install --global node@24`\n'
  )
  process.exitCode = 2
} else {
  // Not a static import: those are loaded before any line of this file is run.
  void import('./main.ts').then(({ main }) => main())
}
