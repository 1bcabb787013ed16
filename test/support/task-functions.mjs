// Functions that tests run in child processes. It stands for a bundle: nothing is imported but Node.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import v8 from 'node:v8'

const context = () => globalThis[Symbol.for('p2pjobs.context')]

/** Differs from process to process. */
export const process_ = randomUUID()
export const constant = 7

export const noop = () => undefined
export const add = (a, b) => a + b
export const addLater = async (a, b) => {
  await sleep(1)
  return a + b
}
export const identity = () => process_
export const identityAfter = async (ms) => {
  await sleep(ms)
  return process_
}
export const echo = (value) => value
export const bytes = (count) => new Uint8Array(count).fill(7)
export const boom = () => {
  throw new TypeError('boom\nwith two lines')
}
export const oddBoom = () => {
  throw 'a text'
}
export const rejectLater = async () => {
  await sleep(1)
  throw new RangeError('late')
}
/** Fails for odd numbers. */
export const even = (n) => {
  if (n % 2 === 1) throw new Error(`${n} is odd`)
  return n
}
export const unsendable = () => ({ inner: { callback: () => 1 } })

export function contextOf() {
  const { job, task, attempt } = this
  const same = context()
  return [job, task, attempt, same.job, same.task, same.attempt, this.signal === same.signal]
}
export const contextAfter = async () => {
  await sleep(1)
  return context().task
}
export const tellAll = async (values, ms) => {
  const { progress } = context()
  for (const value of values) {
    progress(value)
    await sleep(ms)
  }
  return 'done'
}
export const tellMuch = () => context().progress(new Uint8Array(300_000))

export const print = (out, err) => {
  console.log(out)
  console.error(err)
  process.stdout.write(Uint8Array.of(0, 255))
}
export const printBytes = (count) => {
  process.stdout.write(new Uint8Array(count).fill(120))
}
export const printAndWait = async (count, ms) => {
  console.log('x'.repeat(count))
  await sleep(ms)
}
/** Prints in parts, without a pause. */
export const printOften = (ms) => {
  const end = performance.now() + ms
  for (let line = 0; performance.now() < end; line++) {
    console.log(`line ${line}`)
    const next = performance.now() + 5
    while (performance.now() < next);
  }
}
/** Prints what it is told to by files in a folder. */
export const talk = async (folder) => {
  for (let order = 0; ; order++) {
    while (!existsSync(`${folder}/order-${order}`)) await sleep(5)
    const [what, from, count] = readFileSync(`${folder}/order-${order}`, 'utf8').trim().split(' ')
    if (what === 'stop') return
    const start = Number(from)
    process[what].write(readFileSync(`${folder}/pattern`).subarray(start, start + Number(count)))
  }
}
export const printEndlessly = () => {
  for (;;) console.log('y')
}
export const printLater = (ms) => {
  setTimeout(() => console.log('late'), ms)
}
export const printRaw = () => {
  writeSync(1, 'raw out\n')
  writeSync(2, 'raw err\n')
}
export const endStdout = () => process.stdout.end('last')

export const spin = () => {
  context().progress('spinning')
  for (;;);
}
export const spinFor = (ms) => {
  const end = performance.now() + ms
  while (performance.now() < end);
  return process_
}
export const hang = async () => {
  context().progress('hanging')
  await sleep(100_000)
}
export const hangUntilAborted = async (answer) => {
  const { signal, progress } = context()
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
  progress('listening')
  await aborted
  return answer
}
export const ignoreAbortion = async () => {
  context().signal.addEventListener('abort', () => context().progress('heard'))
  context().progress('listening')
  await sleep(100_000)
}
/** Runs until a file is there that the test makes. */
export const waitFor = async (path) => {
  context().progress('waiting')
  while (!existsSync(path)) await sleep(5)
  return process_
}

export const exit = (code) => {
  console.log('before')
  process.exit(code)
}
export const exitLater = (code, ms) => {
  setTimeout(() => process.exit(code), ms)
}
export const abort = () => process.abort()
export const killItself = (signal) => process.kill(process.pid, signal)
export const killOdd = (n) => {
  if (n % 2 === 1) process.kill(process.pid, 'SIGKILL')
  return n
}
export const throwFromTimer = async () => {
  setTimeout(() => {
    throw new Error('from a timer')
  }, 1)
  await sleep(100_000)
}
export const throwLater = (ms) => {
  setTimeout(() => {
    throw new Error('left behind')
  }, ms)
}
export const rejectUnheard = async () => {
  void Promise.reject(new Error('nobody heard'))
  await sleep(100_000)
}
export const rejectAndEnd = () => {
  void Promise.reject(new Error('left unheard'))
  return 'ended'
}
export const fillHeap = () => {
  const kept = []
  for (;;) kept.push(new Array(1_000).fill(kept.length))
}
export const fillBuffers = async () => {
  const kept = []
  for (;;) {
    kept.push(Buffer.alloc(16 * 1024 * 1024, 1))
    await sleep(1)
  }
}
export const heapLimit = () => v8.getHeapStatistics().heap_size_limit
export const closePipes = () => {
  for (let fd = 3; fd < 10; fd++) {
    try {
      process.binding('fs').close(fd)
    } catch {
      // Not open.
    }
  }
}
export const writeRubbish = () => {
  writeSync(4, 'rubbish of a length that makes no sense')
}

/** Starts processes that outlive it: one in its group, one in a session of its own. */
export const leaveProcesses = async (mark) => {
  const deaf = `trap '' TERM HUP; while :; do sleep 1; done # ${mark}`
  spawn('sh', ['-c', deaf], { stdio: 'ignore' }).unref()
  spawn('sh', ['-c', deaf], { stdio: 'ignore', detached: true }).unref()
  context().progress('started')
  await sleep(100_000)
}

let initialized = []
export const initialize = (...args) => {
  initialized.push(args)
  console.log('initializing')
}
export const initializeBadly = () => {
  throw new Error('no such device')
}
export const initializedWith = () => initialized

export const environment = () => ({ ...process.env })
export const folders = () => ({
  cwd: process.cwd(),
  root: readdirSync('/'),
  bundles: existsSync('/bundles') ? readdirSync('/bundles') : []
})
export const read = (path) => readFileSync(path, 'utf8')
export const list = (path) => readdirSync(path)
export const write = (path, text) => writeFileSync(path, text)
export const fillFile = (path, bytes) => writeFileSync(path, new Uint8Array(bytes))
export const dial = (host, port) =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.destroy()
      resolve('connected')
    })
    socket.on('error', reject)
  })

/** Calls the object of a manager that stands for its argument. */
export const fenceOf = async (lock) => (await lock.acquire()).fence
export const codeOf = (lock) =>
  lock.acquire().then(
    () => 'none',
    (error) => error.code
  )
export const callLater = (lock) => void setTimeout(() => lock.acquire(), 1)
/** A call of a task, as its process would send it, with whatever head. */
export const writeCallOf = (seq, head) => {
  const frame = Buffer.alloc(17 + head.length)
  frame.writeUInt32LE(13 + head.length, 0)
  frame[4] = 10
  frame.writeUInt32LE(seq, 5)
  frame.writeUInt32LE(1, 9)
  frame.writeUInt32LE(head.length, 13)
  frame.write(head, 17)
  writeSync(4, frame)
  return new Promise((resolve) => setTimeout(resolve, 60_000))
}
