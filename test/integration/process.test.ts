/** `multiprocessing.Process`: CPython's `_TestProcess`, under its names where they fit. */
import { expect } from 'chai'
import { Process } from '../../src/index.ts'
import type { AnyFunction, ProcessInit } from '../../src/index.ts'
import { echo, exit, mul, spin, untilAborted } from '../support/pool-functions.ts'
import { failureOf } from '../support/pool-suite.ts'
import { useProcessHome } from '../support/process-home.ts'
import { until } from '../support/until.ts'

describe('process', function () {
  this.timeout(60_000)
  useProcessHome()

  async function started<F extends AnyFunction>(init: ProcessInit<F>): Promise<Process<F>> {
    const made = new Process(init)
    await made.start()
    return made
  }

  it('is described before it starts', async () => {
    const made = new Process({ target: mul, args: [2, 3], name: 'P', daemon: true })
    expect(made).to.include({ name: 'P', daemon: true, pid: undefined, exitcode: undefined })
    expect(made.isAlive()).to.equal(false)
    expect(made.authkey).to.equal(undefined)
    expect(await failureOf(made.join())).to.include({ code: 'USAGE' })
    expect(new Process().name).to.match(/^Process-\d+$/)
  })

  it('runs, has a pid, and ends with 0', async () => {
    const made = await started({ target: mul, args: [2, 3] })
    expect(made.isAlive()).to.equal(true)
    await made.join()
    expect(made.isAlive()).to.equal(false)
    expect(made.exitcode).to.equal(0)
    expect(made.pid).to.be.a('number')
    expect(await failureOf(made.start())).to.include({ code: 'USAGE' })
  })

  it('hands kwargs over behind the arguments, and runs here when asked to', async () => {
    const made = new Process({ target: echo, args: [{ a: 1 }], kwargs: { b: 2 } })
    expect(await made.run()).to.deep.equal({ a: 1 })
    expect(await new Process().run()).to.equal(undefined)
  })

  for (const code of [0, 3, 42]) {
    it(`has the exit code ${code} of a target that exits with it`, async () => {
      const made = await started({ target: exit, args: [code] })
      await made.join()
      expect(made.exitcode).to.equal(code)
    })
  }

  it('has the exit code 1 after an error, which is shown', async () => {
    const shown: string[] = []
    const write = process.stderr.write.bind(process.stderr)
    process.stderr.write = (text: string | Uint8Array) => shown.push(String(text)) > 0
    try {
      const made = await started({
        target: (): never => {
          throw new Error('lost')
        },
        name: 'bad'
      })
      await made.join()
      expect(made.exitcode).to.equal(1)
    } finally {
      process.stderr.write = write
    }
    expect(shown.join('')).to.match(/Process bad:\nError: lost/)
  })

  it('terminate', async () => {
    const made = await started({ target: untilAborted })
    await until(() => made.pid !== undefined, 'it runs')
    await made.join(1)
    expect(made.isAlive()).to.equal(true)
    made.terminate()
    await made.join()
    expect(made.exitcode).to.equal(-15)
  })

  it('kill', async () => {
    const made = await started({ target: spin })
    await until(() => made.pid !== undefined, 'it runs')
    made.kill()
    await made.join()
    expect(made.exitcode).to.equal(-9)
  })

  it('refuses what cannot be meant', async () => {
    for (const init of [{ args: 5 }, { kwargs: [] }, { daemon: 'yes' }, { worker: '' }, null]) {
      expect(() => new Process(init as never))
        .to.throw()
        .with.property('code', 'USAGE')
    }
    const made = new Process({ target: mul, args: [2, 3], worker: 'nobody' })
    expect(await failureOf(made.start())).to.include({ code: 'USAGE' })
    const running = await started({ target: mul, args: [2, 3] })
    for (const timeoutMs of [NaN, -1, 2 ** 31]) {
      expect(await failureOf(running.join(timeoutMs))).to.include({ code: 'USAGE' })
    }
    await running.join(Infinity)
    expect(running.exitcode).to.equal(0)
  })

  it('says at its start what cannot be sent', async () => {
    const outside = 1
    const made = new Process({ target: () => outside })
    expect(await failureOf(made.start())).to.include({ code: 'BAD_FUNCTION' })
  })
})
