/**
 * Finds command lines that need no shell of their own.
 *
 * `sh -c 'factor 12'` and `factor 12` typed to a shell do the same, and the second saves starting
 * a shell. It is exactly the same only if nothing is left for a shell to expand, redirect or
 * define, and the first word names a program: everything else gets its `sh -c`.
 */
const BLANK = /[ \t]/
/** Characters that mean themselves anywhere in a word but the first. */
const PLAIN = /[A-Za-z0-9_./:@%+,=-]/
const PROGRAM = /^[A-Za-z0-9_./+-]+$/

/** Words that a shell runs or reads by itself: dash's, POSIX's and bash's. */
const SHELL_WORDS = new Set(
  (
    '. : [ alias bg bind break builtin caller case cd chdir command compgen complete compopt ' +
    'continue coproc declare dirs disown do done echo elif else enable esac eval exec exit export ' +
    'false fc fg fi for function getopts hash help history if in jobs kill let local logout ' +
    'mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source ' +
    'suspend test then time times trap true type typeset ulimit umask unalias unset until wait while'
  ).split(' ')
)

/** The program of a command line that is only words, or undefined if it needs a shell. */
export function simpleProgram(line: Uint8Array): string | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1')
  let end = 0
  while (end < text.length && !BLANK.test(text.charAt(end))) end++
  const word = text.slice(0, end)
  if (!PROGRAM.test(word) || SHELL_WORDS.has(word)) return undefined
  return isOnlyWords(text, end) ? word : undefined
}

function isOnlyWords(text: string, start: number): boolean {
  let at = start
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === `'`) {
      at = text.indexOf(`'`, at + 1)
      if (at < 0) return false
    } else if (character === '\\') {
      // Only the form in which a quote is quoted.
      if (text.charAt(at + 1) !== `'`) return false
      at++
    } else if (!PLAIN.test(character) && !BLANK.test(character)) {
      return false
    }
    at++
  }
  return true
}
