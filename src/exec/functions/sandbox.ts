/**
 * The sandbox of a child: what bubblewrap lets it see.
 *
 * No network, no home, the system read-only, a /tmp of its own, no privileges and no way to new
 * ones; what it starts dies with it, and it dies with its launcher. Of the node's files it sees
 * this program, its own working folder and the bundles it was given.
 */
import { lstatSync, readlinkSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where a child finds its things, inside and outside of a sandbox. */
export interface ChildFolders {
  /** Its working directory. */
  readonly job: string
  readonly bundles: string
}

export const INSIDE = { job: '/job', bundles: '/bundles' } as const satisfies ChildFolders

const CODE = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = `exec/functions/child/child-main${extname(import.meta.url)}`
const NODE_INSIDE = '/p2pjobs/node'
const CODE_INSIDE = '/p2pjobs/code'
/** In memory, so there has to be an end to it. */
const TMP_BYTES = 256 * 1024 * 1024
/** Nobody: without privileges, whoever runs the node. */
const USER = '65534'

/** The strictest first: older releases of bubblewrap lack something of it. */
export const HARDENINGS = [['--disable-userns'], []] as const
export type Hardening = (typeof HARDENINGS)[number]

/** Commands that succeed where the sandbox works, the strictest first. */
export function probes(folders: ChildFolders): { hardening: Hardening; command: string[] }[] {
  return HARDENINGS.map((hardening) => {
    const command = [...bubblewrap(hardening, folders, {}), NODE_INSIDE, '--version']
    return { hardening, command }
  })
}

/** The command line of a child; without a hardening it is not in a sandbox. */
export function childCommand(
  hardening: Hardening | undefined,
  folders: ChildFolders,
  environment: Readonly<Record<string, string>>,
  nodeFlags: readonly string[]
): string[] {
  if (hardening === undefined) return [process.execPath, ...nodeFlags, join(CODE, MAIN)]
  const wrapped = bubblewrap(hardening, folders, environment)
  return [...wrapped, NODE_INSIDE, ...nodeFlags, `${CODE_INSIDE}/${MAIN}`]
}

function bubblewrap(
  hardening: Hardening,
  { job, bundles }: ChildFolders,
  environment: Readonly<Record<string, string>>
): string[] {
  const variables = Object.entries(environment)
  return [
    ...['bwrap', '--die-with-parent', '--new-session', '--unshare-all', '--unshare-user'],
    ...hardening,
    ...['--cap-drop', 'ALL', '--uid', USER, '--gid', USER, '--hostname', 'p2pjobs'],
    ...systemFolders(),
    ...['--ro-bind', process.execPath, NODE_INSIDE],
    ...['--ro-bind', CODE, CODE_INSIDE],
    // It says that the code is made of modules.
    ...['--ro-bind', join(CODE, '../package.json'), '/p2pjobs/package.json'],
    ...['--ro-bind', bundles, INSIDE.bundles, '--bind', job, INSIDE.job],
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(TMP_BYTES), '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ...['--size', String(TMP_BYTES), '--tmpfs', '/tmp', '--remount-ro', '/'],
    ...['--chdir', INSIDE.job, '--clearenv'],
    ...variables.flatMap(([name, value]) => ['--setenv', name, value]),
    '--'
  ]
}

/** Programs and libraries, as this system lays them out, and what they need to be found. */
function systemFolders(): string[] {
  const folders = ['/bin', '/sbin', '/lib', '/lib64', '/lib32'].flatMap((folder) => {
    const stat = lstatSync(folder, { throwIfNoEntry: false })
    if (stat === undefined) return []
    if (stat.isSymbolicLink()) return ['--symlink', readlinkSync(folder), folder]
    return ['--ro-bind', folder, folder]
  })
  const files = ['/nix/store', '/etc/ld.so.cache', '/etc/localtime', '/etc/alternatives']
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...folders,
    ...files.flatMap((file) => ['--ro-bind-try', file, file])
  ]
}
