/**
 * What can be meant by the options of a pool and of its calls, checked before a node is started or a
 * job is opened.
 *
 * The bounds of what travels are those of the wire. A worker would refuse what is beyond them by
 * ending the session, which is opened again, for ever; the calls of the whole pool would wait.
 */
import {
  abortSignal,
  anything,
  anyText,
  callback,
  checkEach,
  list,
  listOfTexts,
  object,
  oneOf,
  text,
  timeLimit,
  wholeNumber,
  yesOrNo
} from '../core/checks.ts'
import type { Checks } from '../core/checks.ts'
import { P2pJobsError } from '../core/errors.ts'
import {
  FUNCTION_MEMORY_BYTES_MIN,
  NAME_CHARACTERS_MAX,
  PEER_CHARACTERS_MAX,
  PRIORITY_MAX,
  RETRIES_MAX,
  SLOTS_MAX
} from '../core/limits.ts'
import { ISOLATIONS } from '../core/types.ts'
import type { Callbacks } from './async-result.ts'
import type { CallOptions, MapOptions, PoolOptions } from './options.ts'
import type { ProcessInit } from './process.ts'

const MIB = 1024 * 1024
const worker = text(PEER_CHARACTERS_MAX)

const POOL_CHECKS: Checks<PoolOptions> = {
  processes: wholeNumber(0, SLOTS_MAX),
  // As any function that is to be sent, by the bundler.
  initializer: anything,
  initargs: list,
  maxtasksperchild: wholeNumber(1),
  network: text(NAME_CHARACTERS_MAX),
  local: yesOrNo,
  join: listOfTexts,
  listen: listOfTexts,
  mdns: yesOrNo,
  token: anyText,
  name: text(NAME_CHARACTERS_MAX),
  isolation: oneOf(ISOLATIONS),
  requireSandbox: yesOrNo,
  memoryBytesMax: {
    ...wholeNumber(FUNCTION_MEMORY_BYTES_MIN),
    wanted: `a whole number of bytes, at least ${FUNCTION_MEMORY_BYTES_MIN} (${FUNCTION_MEMORY_BYTES_MIN / MIB} MiB), as Node itself takes most of that`
  },
  output: oneOf(['inherit', 'ignore'], callback),
  onWarning: callback
}

const CALL_CHECKS: Checks<CallOptions> = {
  signal: abortSignal,
  timeoutMs: timeLimit,
  retries: wholeNumber(0, RETRIES_MAX),
  priority: wholeNumber(-PRIORITY_MAX, PRIORITY_MAX),
  hedge: yesOrNo,
  worker,
  onProgress: callback
}

const MAP_CHECKS: Checks<MapOptions> = {
  ...CALL_CHECKS,
  chunksize: wholeNumber(1),
  onDone: callback
}

const CALLBACK_CHECKS: Checks<Callbacks<never>> = { callback, errorCallback: callback }

const PROCESS_CHECKS: Checks<ProcessInit> = {
  target: anything,
  args: list,
  kwargs: object,
  name: anyText,
  daemon: yesOrNo,
  worker
}

/** Throws USAGE for what a pool cannot be told. */
export function checkPoolOptions(options: PoolOptions): void {
  checkEach('the options of a pool', options, POOL_CHECKS)
  const { local, network, join = [], listen = [], mdns, token, processes } = options
  if (options.isolation === 'none' && options.requireSandbox === true) {
    throw contradiction("isolation: 'none'", 'requireSandbox: true')
  }
  if (local !== true) return
  const elsewhere = { network, join: join.length > 0, listen: listen.length > 0, mdns, token }
  for (const [name, value] of Object.entries(elsewhere)) {
    if (value !== undefined && value !== false) throw contradiction('local: true', name)
  }
  if (processes === 0) throw contradiction('local: true', 'processes: 0')
}

/** Throws USAGE for what a call cannot be told. */
export function checkCallOptions(options: CallOptions): void {
  checkEach('the options of a call', options, CALL_CHECKS)
}

/** Throws USAGE for what a call with many items cannot be told. */
export function checkMapOptions(options: MapOptions): void {
  checkEach('the options of a call', options, MAP_CHECKS)
}

/** Throws USAGE for callbacks that cannot be called. */
export function checkCallbacks(options: Callbacks<never>): void {
  checkEach('the options of a call', options, CALLBACK_CHECKS)
}

/** Throws USAGE for what a Process cannot be. */
export function checkProcess(init: ProcessInit): void {
  checkEach('what a Process is', init, PROCESS_CHECKS)
}

function contradiction(one: string, other: string): P2pJobsError {
  return new P2pJobsError('USAGE', `${one} and ${other} exclude each other; leave one of them out`)
}
