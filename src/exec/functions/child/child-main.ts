/**
 * A process that runs functions for a node: the code of one master only, one task at a time.
 *
 * It ends when its node does: the pipe that brings its tasks is closed then.
 */
import { Socket } from 'node:net'
import { CHILD_FRAME_BYTES_MAX, FrameCutter } from '../child-frames.ts'
import {
  CHANNEL,
  NO_TASK,
  ToChild,
  readFunction,
  readHello,
  readInitializer,
  readSeq,
  readTask,
  writeReady
} from '../child-messages.ts'
import { ChildLedger } from '../ledger.ts'
import { CapturedStream } from './captured-stream.ts'
import { Departure } from './departure.ts'
import { ManagerCalls } from './manager-calls.ts'
import { Outbox } from './outbox.ts'
import { Runner } from './runner.ts'

const TOO_MUCH = 1

const outbox = new Outbox(CHANNEL.results)
const managers: ManagerCalls = new ManagerCalls(outbox, () => runner.tasks.getStore())
const runner = new Runner(outbox, new ChildLedger(CHANNEL.ledger), managers)
const departure = new Departure(outbox, runner)
const cutter = new FrameCutter(CHILD_FRAME_BYTES_MAX)

for (const fd of [1, 2] as const) {
  new CapturedStream(fd, runner.tasks, (task) => {
    const { outputBytesMax } = task.order
    const reason = `printed more than the ${outputBytesMax} bytes it may; only these were kept`
    // Nothing but the end of its process keeps it from going on.
    runner.fail(task, new Error(reason))
    departure.leave(NO_TASK, TOO_MUCH, reason)
  }).install()
}
Object.defineProperty(globalThis, Symbol.for('p2pjobs.context'), {
  get: () => runner.tasks.getStore()?.context,
  configurable: true
})
departure.install()

function stop(seq: number): void {
  const task = runner.current
  if (task?.order.seq !== seq || task.hasEnded) return
  // Who listens is in the task, too.
  if (runner.tasks.run(task, () => task.abort())) return
  // Nothing in the task can hear of it.
  departure.leave(seq, 0, 'stopped')
}

function hear(frame: Buffer): void {
  const [type] = frame
  if (type === ToChild.task) {
    runner.add(readTask(frame))
  } else if (type === ToChild.stop) {
    stop(readSeq(frame))
  } else if (type === ToChild.answer) {
    managers.onAnswer(frame)
  } else if (type === ToChild.function) {
    const { fn, place } = readFunction(frame)
    runner.define(fn, place)
  } else if (type === ToChild.initializer) {
    const { fn, input } = readInitializer(frame)
    runner.initializeWith(fn, input)
  } else if (type === ToChild.hello) {
    runner.pid = readHello(frame)
    writeReady(outbox)
    outbox.flush()
  }
}

const tasks = new Socket({ fd: CHANNEL.tasks, readable: true, writable: false })
tasks.on('data', (chunk: Buffer) => {
  cutter.cut(chunk, hear)
  void runner.run()
})
tasks.on('error', () => process.exit(0))
tasks.on('end', () => process.exit(0))
