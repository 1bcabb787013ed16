/**
 * How inputs are dealt out in chunks: the arithmetic of CPython's `Pool._map_async`.
 */

/** Each worker gets about four chunks: few enough to be cheap, enough to even out slow ones. */
const CHUNKS_PER_WORKER = 4

/** The chunk size for so many items when nobody names one: `ceil(items / (4 * workers))`. */
export function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (CHUNKS_PER_WORKER * Math.max(1, workers))))
}

/** Cuts a list into chunks of `size`; the last one may be shorter. */
export function* chunksOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}
