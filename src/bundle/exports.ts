/**
 * Why a module does not export what it should, as helpfully as its text allows.
 */
import { readFileSync } from 'node:fs'
import type { P2pJobsError } from '../core/errors.ts'
import { EXPORT_CHARACTERS_MAX } from '../core/limits.ts'
import type { Build } from './build.ts'
import { isIdentifier, listOf, refusal } from './refusal.ts'
import { subjectOf } from './source.ts'

/** Throws if the module at `path` does not export `name`, or no message could carry the name. */
export function refuseMissing(name: string, path: string, build: Build): void {
  if (!build.exports.includes(name)) throw missingExport(name, path, build)
  if (name.length <= EXPORT_CHARACTERS_MAX) return
  throw refusal(
    subjectOf(`${name.slice(0, 32)}...`, path),
    `its name has more than ${EXPORT_CHARACTERS_MAX} characters: give it a shorter one`
  )
}

/** The refusal for `name`, which the module at `path` does not export. */
function missingExport(name: string, path: string, build: Build): P2pJobsError {
  return refusal(subjectOf(name, path), problemOf(name, readFileSync(path, 'utf8'), build))
}

function problemOf(name: string, text: string, { exports, isCommonJs }: Build): string {
  if (isCommonJs) {
    return 'it is a CommonJS module, whose exports are known only when it runs: make it an ES module'
  }
  const other = exportNameOf(name, text)
  if (other !== undefined && exports.includes(other)) {
    return `it is exported as '${other}': give the function and the export the same name`
  }
  const cure = `write export const ${name} = task(import.meta, function ${name} ...)`
  if (exports.length === 0) return `it exports nothing: ${cure}`
  const choice = `it exports only ${listOf(exports)}: name one of these`
  return isIdentifier(name) ? `${choice}, or ${cure}` : choice
}

/** Under which name the function called `name` is exported, as far as the text shows. */
function exportNameOf(name: string, text: string): string | undefined {
  if (!/^[\w$]+$/.test(name)) return undefined
  const escaped = name.replaceAll('$', String.raw`\$`)
  const fn = String.raw`(?:task\s*\([^,()]+,\s*)?(?:async\s+)?function\s+${escaped}(?![\w$])`
  const declared = new RegExp(String.raw`export\s+(?:const|let|var)\s+([\w$]+)\s*=\s*${fn}`)
  const renamed = new RegExp(String.raw`export\s*\{[^}]*(?<![\w$])${escaped}\s+as\s+([\w$]+)`)
  const asDefault = new RegExp(String.raw`export\s+default\s+(?:${escaped}(?![\w$])|${fn})`)
  return (
    declared.exec(text)?.[1] ??
    renamed.exec(text)?.[1] ??
    (asDefault.test(text) ? 'default' : undefined)
  )
}
