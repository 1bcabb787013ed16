/** Options of V8 for the processes of this program; a program that uses the library has its own. */
import { setFlagsFromString } from 'node:v8'

/**
 * Left alone, V8 goes through all of its heap for every 64 MiB of bytes outside of it, which payloads
 * are: with this, as for objects, once there are as many again as were in use. For tasks of 1 MiB all
 * processes together take 0.72 of the CPU (`npm run bench -- workloads --workloads w4`).
 */
const BYTES_COUNT_AS_OBJECTS = '--external-memory-accounted-in-global-limit'
/** The versions known to have it. Others would say on stderr that they do not. */
const VERSIONS = /^13\./

export function setHeapOptions(v8Version: string): void {
  if (VERSIONS.test(v8Version)) setFlagsFromString(BYTES_COUNT_AS_OBJECTS)
}
