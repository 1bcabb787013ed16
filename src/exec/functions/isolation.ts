/**
 * Which isolation children get: what was asked for, and what works here.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { P2pJobsError } from '../../core/errors.ts'
import type { Isolation } from '../../core/types.ts'
import { ChildShelf } from './child-shelf.ts'
import type { LauncherLink } from './launcher-link.ts'
import { HARDENINGS, probes } from './sandbox.ts'
import type { Hardening } from './sandbox.ts'

export interface IsolationInit {
  readonly isolation: Isolation
  /** Whatever `isolation` says, nothing runs outside of a sandbox. */
  readonly requiresSandbox: boolean
}

/** What `chooseSandbox` will most likely say. */
export function likelySandbox({ isolation }: IsolationInit): Hardening | undefined {
  return isolation === 'none' ? undefined : HARDENINGS[0]
}

/**
 * The sandbox to use, or undefined for none; that there is none although nobody asked for it is
 * told. Rejects with NO_SANDBOX when there has to be one.
 */
export async function chooseSandbox(
  { isolation, requiresSandbox }: IsolationInit,
  launcher: LauncherLink,
  folder: string,
  onNotice: (text: string) => void
): Promise<Hardening | undefined> {
  if (isolation === 'none' && !requiresSandbox) return undefined
  if (isolation === 'none') {
    throw new P2pJobsError('NO_SANDBOX', 'no isolation and a required sandbox exclude each other')
  }
  const shelf = new ChildShelf(join(folder, 'probe'), undefined)
  const candidates = probes(shelf.folders)
  const { works, why } = await launcher.probe(candidates.map(({ command }) => command))
  rmSync(shelf.root, { recursive: true, force: true })
  if (works !== undefined) return candidates[works]?.hardening
  const reason = why.split('\n')[0] ?? ''
  if (isolation === 'bwrap' || requiresSandbox) {
    throw new P2pJobsError(
      'NO_SANDBOX',
      `the sandbox for functions does not work here: ${reason}; install bubblewrap, allow ` +
        'unprivileged user namespaces, or ask for no sandbox (--isolation bwrap, --require-sandbox; ' +
        '`isolation`, `requireSandbox` in a program)'
    )
  }
  onNotice(
    `functions run without a sandbox, with all rights of this user: bubblewrap does not work ` +
      `here (${reason}); --isolation none (in a program, isolation: 'none') silences this, ` +
      '--require-sandbox (requireSandbox: true) refuses instead'
  )
  return undefined
}
