/**
 * The functions a pool takes, as types: what goes in and what comes out is known to the caller's
 * compiler although it runs elsewhere.
 */

/** Any function whose arguments and result can be sent. */
export type AnyFunction = (...args: never[]) => unknown

/** An exported function of a module, by name: its types are not known. */
export interface ModuleFunction {
  readonly module: string | URL
  readonly export: string
}

/** A function made with `task(...)`, one that needs nothing from outside, or one named by module. */
export type FunctionSource<F extends AnyFunction = AnyFunction> = F | ModuleFunction

/** What a caller gets for a function: a promise of what it returns or resolves to. */
export type ResultOf<F extends AnyFunction> = Awaited<ReturnType<F>>
