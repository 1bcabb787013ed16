/**
 * Which file a function's module is, or why it cannot be shipped from there.
 */
import { realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toError } from '../core/errors.ts'
import { refusal } from './refusal.ts'
import type { TaskMark } from './task.ts'

const ENTRY_IS_NEVER_RUN =
  "the program's entry module is never run on a worker: move it to a module of its own"

/** How a function and its module are named in messages. */
export function subjectOf(name: string, module: string): string {
  return `'${name}' of ${module}`
}

/** The real path of the module that `mark` names; throws if it cannot be shipped. */
export function fileOf(mark: TaskMark): string {
  const path = pathOf(mark)
  const subject = subjectOf(mark.export, path)
  if (mark.isEntry) throw refusal(subject, ENTRY_IS_NEVER_RUN)
  const file = realFile(path, subject)
  if (file === entryFile()) throw refusal(subject, ENTRY_IS_NEVER_RUN)
  return file
}

/** Throws if the program's entry module is among the `files` of the module at `path`. */
export function refuseEntry(
  path: string,
  files: readonly string[],
  importerOf: (file: string) => string
): void {
  const entry = entryFile()
  if (entry === undefined || !files.includes(entry)) return
  throw refusal(
    path,
    `${importerOf(entry)} imports the program's entry module ${entry}, which is never run on a ` +
      'worker: move what both need to a module of its own'
  )
}

/** The path that `mark` names, as it is given. */
export function pathOf({ module, export: name }: TaskMark): string {
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(module)
  if (!isUrl) {
    if (isAbsolute(module) || /^\.{1,2}[/\\]/.test(module)) return resolve(module)
    throw refusal(
      subjectOf(name, module),
      `give its module as a path that starts with / or ./, or as a file: URL`
    )
  }
  try {
    return fileURLToPath(module)
  } catch (error) {
    throw refusal(
      subjectOf(name, module),
      'only modules in files can be shipped: give a path or a file: URL',
      { cause: error }
    )
  }
}

function realFile(path: string, subject: string): string {
  try {
    const file = realpathSync(path)
    if (statSync(file).isFile()) return file
  } catch (error) {
    const { code, message } = toError(error) as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : message
    throw refusal(subject, `${problem}: check the path`, { cause: error })
  }
  throw refusal(subject, 'it is not a file: name the file that exports the function')
}

/** The module that this program was started with, where that is a file. */
function entryFile(): string | undefined {
  const [, started] = process.argv
  if (started === undefined) return undefined
  try {
    // As Node did it: the name may lack its extension, or be a folder.
    return realpathSync(createRequire(import.meta.url).resolve(resolve(started)))
  } catch {
    return undefined
  }
}
