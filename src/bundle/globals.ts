/**
 * The names every module finds on every worker: the globals of Node 24.
 *
 * A list, not what is global in this process: a test runner or a program adds names of its own,
 * and a newer Node has some that a worker may lack.
 */
const NAMES = `
  AbortController AbortSignal AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt
  BigInt64Array BigUint64Array Blob Boolean BroadcastChannel Buffer ByteLengthQueuingStrategy
  CloseEvent CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException
  DataView Date DecompressionStream DisposableStack Error EvalError Event EventTarget File
  FinalizationRegistry Float16Array Float32Array Float64Array FormData Function Headers Infinity
  Int16Array Int32Array Int8Array Intl Iterator JSON Map Math MessageChannel MessageEvent
  MessagePort NaN Navigator Number Object Performance PerformanceEntry PerformanceMark
  PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming
  Promise Proxy RangeError ReadableByteStreamController ReadableStream ReadableStreamBYOBReader
  ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader
  ReferenceError Reflect RegExp Request Response Set SharedArrayBuffer String SubtleCrypto
  SuppressedError Symbol SyntaxError TextDecoder TextDecoderStream TextEncoder TextEncoderStream
  TransformStream TransformStreamDefaultController TypeError URIError URL URLPattern
  URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet
  WebAssembly WebSocket WritableStream WritableStreamDefaultController
  WritableStreamDefaultWriter atob btoa clearImmediate clearInterval clearTimeout console crypto
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval fetch global globalThis
  isFinite isNaN navigator parseFloat parseInt performance process queueMicrotask setImmediate
  setInterval setTimeout structuredClone undefined unescape
`

export const GLOBALS: ReadonlySet<string> = new Set(NAMES.trim().split(/\s+/))
