/**
 * What the text of a function needs from outside itself.
 *
 * Names are resolved as the language does it; `this`, `super`, `import.meta` and imports of
 * other modules are found by walking the tree, for they belong to the place where a function
 * stands as much as its variables do.
 */
import { isBuiltin } from 'node:module'
import { parse } from 'acorn'
import type {
  AnyNode,
  ArrowFunctionExpression,
  FunctionExpression,
  ImportExpression,
  Program
} from 'acorn'
import { analyze } from 'eslint-scope'
import { toError } from '../core/errors.ts'
import { GLOBALS } from './globals.ts'

const OWN_THIS = new Set(['FunctionExpression', 'FunctionDeclaration', 'StaticBlock'])

/** A function that can stand alone as text, or why it cannot. */
export type FunctionText =
  | { readonly kind: 'function'; readonly outside: readonly string[] }
  | { readonly kind: 'method' | 'class' | 'generator' | 'native' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Reads what `toString` gave of a function. */
export function readFunction(source: string): FunctionText {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) return { kind: 'native' }
  let program: Program
  try {
    program = parseModule(expressionModule(source))
  } catch (error) {
    if (isMember(source)) return { kind: 'method' }
    const reason = toError(error).message.replace(/ \(\d+:\d+\)$/, '')
    return { kind: 'unreadable', reason }
  }
  const exported = program.body.find((each) => each.type === 'ExportDefaultDeclaration')
  const fn = exported?.declaration
  if (fn === undefined || !isFunction(fn)) return { kind: 'class' }
  if (fn.generator) return { kind: 'generator' }
  const needs = [...freeVariables(program), ...contextNeeds(fn)]
  const names = needs.sort((a, b) => a.at - b.at).map(({ name }) => name)
  return { kind: 'function', outside: [...new Set(names)] }
}

/** A module whose default export is the expression `source`. */
export function expressionModule(source: string): string {
  return `export default (${source})\n`
}

interface Need {
  readonly name: string
  readonly at: number
}

function parseModule(text: string): Program {
  return parse(text, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    ranges: true,
    // Found by the walk below, which can say more of them.
    allowSuperOutsideMethod: true
  })
}

/** True for the text of a method, getter or setter, which is no expression. */
function isMember(source: string): boolean {
  try {
    const text = `(class { ${source} })`
    parse(text, { ecmaVersion: 'latest', sourceType: 'module', checkPrivateFields: false })
    return true
  } catch {
    return false
  }
}

function isFunction(node: AnyNode): node is ArrowFunctionExpression | FunctionExpression {
  return node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression'
}

function freeVariables(program: Program): Need[] {
  const options = { ecmaVersion: 2026, sourceType: 'module', ignoreEval: true } as const
  const [globalScope] = analyze(program as Parameters<typeof analyze>[0], options).scopes
  return (globalScope?.through ?? [])
    .map(({ identifier: { name, range } }) => ({ name, at: range?.[0] ?? 0 }))
    .filter(({ name }) => !GLOBALS.has(name))
}

/** What `node` takes from the place it stands at, other than variables. */
function contextNeeds(node: AnyNode): Need[] {
  const found: Need[] = []
  const visit = (each: AnyNode, isOutside: boolean): void => {
    const name = contextName(each, isOutside)
    if (name !== undefined) found.push({ name, at: each.start })
    for (const [child, isChildOutside] of childrenOf(each, isOutside)) visit(child, isChildOutside)
  }
  // The function's own `this` is whatever it is called on: here something, elsewhere nothing.
  for (const child of nodesOf(node)) visit(child, true)
  return found
}

/** The name of what `node` needs; `this` and `super` do so only where they are the outer ones. */
function contextName(node: AnyNode, isOutside: boolean): string | undefined {
  if (node.type === 'ThisExpression') return isOutside ? 'this' : undefined
  if (node.type === 'Super') return isOutside ? 'super' : undefined
  if (node.type === 'MetaProperty' && node.meta.name === 'import') return 'import.meta'
  return node.type === 'ImportExpression' ? importName(node) : undefined
}

function importName({ source }: ImportExpression): string | undefined {
  if (source.type !== 'Literal') return 'import() of a computed name'
  return isBuiltin(String(source.value)) ? undefined : `import(${source.raw ?? ''})`
}

/** The parts of `node`, each with whether `this` in it is still the outer one. */
function childrenOf(node: AnyNode, isOutside: boolean): [AnyNode, boolean][] {
  return nodesOf(node).map((child) => [child, isOutside && !hasOwnThis(node, child)])
}

/** True if `this` in `child`, a part of `node`, belongs to `node`. */
function hasOwnThis(node: AnyNode, child: AnyNode): boolean {
  if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition') {
    return child !== node.key
  }
  return OWN_THIS.has(node.type)
}

function nodesOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter(isNode)
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
