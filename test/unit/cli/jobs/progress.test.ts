import { mock } from 'node:test'
import { expect } from 'chai'
import { Progress } from '../../../../src/cli/jobs/progress.ts'

const ERASE = '\r\x1b[K'

describe('Progress', () => {
  let written = ''
  let done = 0

  beforeEach(() => {
    written = ''
    done = 0
    mock.timers.enable({ apis: ['setInterval'] })
  })

  afterEach(() => mock.timers.reset())

  function aProgress(isTerminal = true, isTyping = false): Progress {
    const context = {
      stderr: (text: string): void => void (written += text),
      isTerminal: { stdin: isTyping, stdout: true, stderr: isTerminal }
    }
    return new Progress(context, () => `${done} done`, isTyping)
  }

  it('writes the line over and over, and takes it away in the end', () => {
    const progress = aProgress()
    expect(written).to.equal('')
    mock.timers.tick(200)
    done = 1
    mock.timers.tick(200)
    expect(written).to.equal(`${ERASE}0 done${ERASE}1 done`)
    progress.stop()
    expect(written.endsWith(`1 done${ERASE}`)).to.equal(true)
    const end = written
    mock.timers.tick(1_000)
    progress.stop()
    expect(written).to.equal(end)
  })

  it('makes way for other lines, once', () => {
    const progress = aProgress()
    progress.clear()
    expect(written).to.equal('')
    mock.timers.tick(200)
    progress.clear()
    progress.clear()
    expect(written).to.equal(`${ERASE}0 done${ERASE}`)
    progress.stop()
  })

  it('stays away while something else is printed', () => {
    const progress = aProgress()
    mock.timers.tick(200)
    progress.hold()
    const before = written
    mock.timers.tick(1_000)
    expect(written).to.equal(before)
    progress.release()
    mock.timers.tick(200)
    expect(written).to.equal(`${before}${ERASE}0 done`)
    progress.stop()
  })

  it('writes nothing where stderr is no terminal, or where somebody types', () => {
    for (const progress of [aProgress(false), aProgress(true, true)]) {
      mock.timers.tick(1_000)
      progress.hold()
      progress.release()
      progress.stop()
    }
    expect(written).to.equal('')
  })
})
