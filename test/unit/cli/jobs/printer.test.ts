import { expect } from 'chai'
import { isBlobRef } from '../../../../src/core/types.ts'
import { Printer } from '../../../../src/cli/jobs/printer.ts'
import type { PrinterInit, Settled } from '../../../../src/cli/jobs/printer.ts'
import { aSettled, settle, TestMaster } from './support.ts'

const MEBIBYTE = 1024 * 1024

describe('Printer', () => {
  let master: TestMaster
  let printed: Settled[]

  beforeEach(() => {
    master = new TestMaster()
    printed = []
  })

  function aPrinter(more: Partial<PrinterInit> = {}): Printer {
    const print = (settled: Settled): Promise<void> => {
      printed.push(settled)
      return Promise.resolve()
    }
    return new Printer({ master, keepOrder: false, print, ...more })
  }

  const tasks = (): number[] => printed.map(({ task }) => task)

  it('prints results as they come', async () => {
    const printer = aPrinter()
    for (const task of [3, 1, 2]) printer.add(aSettled({ task }))
    await printer.end()
    expect(tasks()).to.deep.equal([3, 1, 2])
  })

  it('prints them in the order of the inputs if it is to', async () => {
    const printer = aPrinter({ keepOrder: true })
    printer.add(aSettled({ task: 3 }))
    printer.add(aSettled({ task: 2 }))
    await settle()
    expect(tasks()).to.deep.equal([])
    printer.add(aSettled({ task: 1 }))
    await settle()
    expect(tasks()).to.deep.equal([1, 2, 3])
    printer.add(aSettled({ task: 4 }))
    await printer.end()
    expect(tasks()).to.deep.equal([1, 2, 3, 4])
  })

  it('prints in the end what came after a task without a result', async () => {
    const printer = aPrinter({ keepOrder: true })
    for (const task of [5, 3, 1]) printer.add(aSettled({ task }))
    await printer.end()
    expect(tasks()).to.deep.equal([1, 3, 5])
  })

  it('prints one at a time, lets each go afterwards, and says so', async () => {
    let open: () => void = () => undefined
    let progress = 0
    const printer = aPrinter({
      print: async (settled) => {
        printed.push(settled)
        await new Promise<void>((resolve) => (open = resolve))
      },
      onPrinted: () => progress++
    })
    const all = [1, 2].map((task) => aSettled({ task }))
    for (const settled of all) printer.add(settled)
    await settle()
    expect([tasks(), printer.unprinted, master.released.length, progress]).to.deep.equal([
      [1],
      2,
      0,
      0
    ])
    open()
    await settle()
    expect([tasks(), printer.unprinted, progress]).to.deep.equal([[1, 2], 1, 1])
    expect(master.released).to.deep.equal([all[0]?.result])
    open()
    await printer.end()
    expect(printer.unprinted).to.equal(0)
  })

  it('puts what is too much for memory aside, until it is printed', async () => {
    const printer = aPrinter({ keepOrder: true })
    const stdout = Buffer.alloc(20 * MEBIBYTE)
    for (const task of [2, 3, 1]) printer.add(aSettled({ task, text: { stdout } }))
    await printer.end()
    // The first of them fitted.
    expect(
      printed.map(({ task, result }) => `${task} ${String(isBlobRef(result.stdout))}`)
    ).to.deep.equal(['1 true', '2 false', '3 true'])
    printed = []
    printer.add(aSettled({ task: 4, text: { stdout } }))
    await printer.end()
    expect(printed.map(({ result }) => isBlobRef(result.stdout))).to.deep.equal([false])
  })

  it('goes on after a result that cannot be printed, and says so in the end', async () => {
    const printer = aPrinter({
      print: (settled) => {
        printed.push(settled)
        return settled.task === 2 ? Promise.reject(new Error('no space')) : Promise.resolve()
      }
    })
    for (const task of [1, 2, 3]) printer.add(aSettled({ task }))
    const failure: unknown = await printer.end().catch((error: unknown) => error)
    expect(failure).to.have.property('message', 'no space')
    expect(tasks()).to.deep.equal([1, 2, 3])
    expect(master.released).to.have.length(3)
  })
})
