import { task } from 'p2pjobs'

/** How often each word is in a text. */
export const countWords = task(import.meta, function countWords(text: string) {
  const counts = new Map<string, number>()
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
})
