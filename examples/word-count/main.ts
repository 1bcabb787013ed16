/**
 * The commonest words in files, counted on every machine. Files are read here, one after the
 * other as they are needed, and their text is sent.
 *
 *     node examples/word-count/main.ts README.md docs/*.md
 */
import { readFile } from 'node:fs/promises'
import { Pool } from 'p2pjobs'
import { countWords } from './count-words.ts'

async function* texts(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) yield await readFile(path, 'utf8')
}

await using pool = await Pool.open()
const total = new Map<string, number>()
for await (const counts of pool.imapUnordered(countWords, texts(process.argv.slice(2)))) {
  for (const [word, count] of counts) total.set(word, (total.get(word) ?? 0) + count)
}
const commonest = [...total].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 10)
for (const [word, count] of commonest) console.log(`${count}\t${word}`)
