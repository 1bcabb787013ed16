/** The sizes at a scale: smaller ones for a quick look, each once, none below 1. */
export function sizesUpTo(sizes: readonly number[], scale: number): number[] {
  return [...new Set(sizes.map((size) => Math.max(1, Math.round(size * scale))))]
}
