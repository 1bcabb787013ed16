/** Programs with a manager of their own, which they do not close: they end once nothing waits. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Programs } from '../support/program.ts'

const LIBRARY = new URL('../../src/index.ts', import.meta.url).href
/** One that does not end is ended. */
const TIMEOUT_MS = 60_000

describe('a program that leaves its local manager open', function () {
  this.timeout(2 * TIMEOUT_MS)
  let programs: Programs

  before(() => {
    programs = new Programs()
  })

  after(async () => {
    await programs.end()
  })

  /** What a program prints until it ends by itself; rejects if it does not, or fails. */
  async function outputOf(lines: string): Promise<string> {
    const program = `
      import { Manager, Process } from ${JSON.stringify(LIBRARY)}
      const manager = await Manager.start({ local: true })
      const queue = manager.queue('queue')
      // Keeps nothing alive itself.
      const later = (work) => setTimeout(work, 1).unref()
      ${lines}`
    const env = { ...process.env, P2PJOBS_HOME: programs.home() }
    const options = { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' as const }
    const words = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, words, options)
    return stdout
  }

  it('ends when it is done', async () => {
    const output = await outputOf(`
      await queue.put(1)
      await manager.lock('lock').acquire()
      console.log('done')`)
    expect(output).to.equal('done\n')
  })

  it('stays alive while it waits', async () => {
    const output = await outputOf(`
      later(() => void queue.put('an item'))
      console.log(await queue.get())
      const lock = manager.lock('lock')
      const held = await lock.acquire()
      later(() => void held.release())
      await lock.acquire()
      console.log('a lock')
      await queue.get({ timeoutMs: 1 }).catch(({ code }) => console.log(code))`)
    expect(output).to.equal('an item\na lock\nEMPTY\n')
  })

  it('is not kept alive by a daemon that waits', async () => {
    const output = await outputOf(`
      const target = async (here, never) => void (await Promise.all([never.get(), here.put('here')]))
      const args = [queue, manager.queue('never')]
      await new Process({ target, args, daemon: true }).start()
      console.log(await queue.get())`)
    expect(output).to.equal('here\n')
  })
})
