/**
 * The inputs of a job: words of the command line, or the lines of a file or of stdin, as bytes.
 */
import { createReadStream } from 'node:fs'
import { P2pJobsError, toError } from '../../core/errors.ts'
import { COMMAND_BYTES_MAX } from '../../core/limits.ts'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Words as inputs. */
export function* wordInputs(words: readonly string[]): Generator<Uint8Array> {
  for (const [at, word] of words.entries()) yield checked(Buffer.from(word), `argument ${at + 1}`)
}

/**
 * Lines as inputs, without the LF at their end and byte by byte, read only as far as they are asked
 * for. A last line without its end counts. Throws BAD_INPUT when the source cannot be read or a line
 * is too long.
 */
export async function* lineInputs(
  source: AsyncIterable<Uint8Array>,
  name: string
): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  let number = 1
  for await (const chunk of readable(source, name)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      yield checked(copyOf(bytes.subarray(from, end)), `line ${number++} of ${name}`)
      from = end + 1
    }
    rest = checked(copyOf(bytes.subarray(from)), `line ${number} of ${name}`)
  }
  if (rest.length > 0) yield rest
}

/** Lines as inputs, too; `onReturn` is called at the first that ends with a CR. */
export async function* argumentLines(
  source: AsyncIterable<Uint8Array>,
  name: string,
  onReturn: () => void
): AsyncGenerator<Uint8Array> {
  let isTold = false
  for await (const line of lineInputs(source, name)) {
    if (!isTold && line.at(-1) === CARRIAGE_RETURN) {
      isTold = true
      onReturn()
    }
    yield line
  }
}

/**
 * The lines of a file that are commands: neither blank nor comments (`#`). `-` is stdin. A CR before
 * the LF is part of the line's end: to a shell it would be part of the last word.
 */
export async function* commandLines(
  file: string,
  stdin: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  const [source, name] = file === '-' ? [stdin, 'stdin'] : [createReadStream(file), file]
  for await (const line of lineInputs(source, name)) {
    if (isCommand(line)) yield line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
  }
}

/** A view would keep the whole chunk it came in; the `slice` of a Buffer is one. */
function copyOf(view: Uint8Array): Uint8Array {
  return new Uint8Array(view)
}

function checked(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length <= COMMAND_BYTES_MAX) return bytes
  throw new P2pJobsError(
    'BAD_INPUT',
    `${what} is longer than ${COMMAND_BYTES_MAX} bytes, the most that a command takes; ` +
      'put long data into files and name those'
  )
}

function isCommand(line: Uint8Array): boolean {
  const text = Buffer.from(line).toString('latin1').trim()
  return text !== '' && !text.startsWith('#')
}

async function* readable(
  source: AsyncIterable<Uint8Array>,
  name: string
): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    const { message } = toError(cause)
    throw new P2pJobsError('BAD_INPUT', `cannot read ${name}: ${message}; check the name`, {
      cause
    })
  }
}
