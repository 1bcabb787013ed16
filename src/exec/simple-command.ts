/**
 * Finds command lines that need no shell of their own.
 *
 * `sh -c 'factor 12'` and `factor 12` typed to a shell do the same, and the second saves starting
 * a shell. It is exactly the same only if nothing is left for a shell to expand, redirect or
 * define, and the first word names a program: everything else gets its `sh -c`.
 */
/** The program, and what follows it. */
const LINE = /^([A-Za-z0-9_./+-]+)(?:[ \t]([^]*))?$/
/** Characters that mean themselves, quoted text, and the form in which a quote is quoted. */
const ONLY_WORDS = /^(?:[A-Za-z0-9_./:@%+,= \t-]|'[^']*'|\\')*$/

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
  const [, program = '', words = ''] = LINE.exec(text) ?? []
  if (program === '' || SHELL_WORDS.has(program)) return undefined
  return ONLY_WORDS.test(words) ? program : undefined
}
