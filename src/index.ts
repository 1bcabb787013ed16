/**
 * The library: `Pool` and what goes with it.
 */
export { task, taskContext } from './bundle/task.ts'
export type { TaskContext } from './bundle/task.ts'
export { P2pJobsError } from './core/errors.ts'
export type { ErrorCode } from './core/errors.ts'
export { AsyncResult } from './pool/async-result.ts'
export type { Callbacks } from './pool/async-result.ts'
export type { AnyFunction, FunctionSource, ModuleFunction, ResultOf } from './pool/functions.ts'
export type { CallOptions, MapOptions, PoolOptions, TaskOutput } from './pool/options.ts'
export { Pool } from './pool/pool.ts'
export { Process } from './pool/process.ts'
export type { ProcessInit } from './pool/process.ts'
export type { Remote } from './pool/remote-error.ts'
