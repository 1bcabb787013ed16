/** The examples, as their first lines say they are run, with totals that others have published. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('examples', function () {
  this.timeout(60_000)
  let folder: string

  before(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-examples-'))))
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** Runs a program of the repository to its end; what it printed. */
  async function run(path: string, ...args: string[]): Promise<string> {
    const child = spawn(process.execPath, [path, ...args], {
      cwd: ROOT,
      env: { ...process.env, P2PJOBS_HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    return stdout
  }

  it('n-queens', async () => {
    // Sequence A000170 of the OEIS.
    for (const [size, total] of [
      [8, 92],
      [10, 724]
    ]) {
      const said = await run('examples/n-queens/main.ts', String(size))
      expect(said).to.equal(`${total} solutions for ${size} queens\n`)
    }
  })

  it('primes', async () => {
    // Sequence A006880 of the OEIS.
    expect(await run('examples/primes/main.ts', '1000000')).to.equal('78498 primes below 1000000\n')
  })

  it('parameter-sweep', async () => {
    const lines = (await run('examples/parameter-sweep/main.ts')).trim().split('\n')
    expect(lines).to.have.length(12)
    const periods = lines.map((line) => Number(/a period of (\d+)$/.exec(line)?.[1]))
    expect(periods).to.deep.equal([1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8])
  })

  it('word-count over real files', async () => {
    const files = ['README.md', 'LICENSE', 'docs/ARCHITECTURE.md', 'docs/SECURITY.md']
    const counts = new Map<string, number>()
    for (const file of files) {
      for (const word of readFileSync(join(ROOT, file), 'utf8')
        .toLowerCase()
        .split(/[^\p{L}]+/u)) {
        if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
      }
    }
    const lines = (await run('examples/word-count/main.ts', ...files)).trim().split('\n')
    expect(lines).to.have.length(10)
    for (const line of lines) {
      const [count, word] = line.split('\t')
      expect(Number(count), word).to.equal(counts.get(word ?? ''))
    }
  })

  it('image-filter', async () => {
    const [width, height] = [70, 150]
    const pixels = Uint8Array.from({ length: width * height }, (_, at) => (at * at * 31) % 256)
    const [before, after] = [join(folder, 'in.pgm'), join(folder, 'out.pgm')]
    writeFileSync(before, Buffer.concat([Buffer.from(`P5\n${width} ${height}\n255\n`), pixels]))
    await run('examples/image-filter/main.ts', before, after)
    const blurred = readFileSync(after).subarray(-width * height)
    const at = (x: number, y: number): number => {
      const [column, row] = [
        Math.min(Math.max(x, 0), width - 1),
        Math.min(Math.max(y, 0), height - 1)
      ]
      return pixels[row * width + column]!
    }
    for (let place = 0; place < pixels.length; place++) {
      const [x, y] = [place % width, Math.floor(place / width)]
      let sum = 0
      for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) sum += at(x + dx, y + dy)
      expect(blurred[place], `${x} ${y}`).to.equal(Math.round(sum / 9))
    }
  })

  it('a script that forgets to close its pool ends', async () => {
    const functions = join(ROOT, 'examples/primes/count-primes.ts')
    const script = join(folder, 'forgetful.ts')
    writeFileSync(
      script,
      `import { Pool } from '${join(ROOT, 'dist/index.js')}'
       import { countPrimes } from '${functions}'
       const pool = await Pool.open()
       console.log(await pool.apply(countPrimes, [0, 100]))
       void pool.imap(Math.abs, [1, 2, 3])`.replace('Math.abs', '(x) => x')
    )
    expect(await run(script)).to.equal('25\n')
  })
})
