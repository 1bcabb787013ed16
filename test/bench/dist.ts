/**
 * The built program, which is what is measured: its types are those of `src`.
 */

/** The URL of a built module, by its path below `dist`. */
export function builtModule(path: string): string {
  return new URL(`../../dist/${path}`, import.meta.url).href
}
