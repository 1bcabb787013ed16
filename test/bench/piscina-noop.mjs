/** The same for piscina, whose threads import a module by its file. */
export const noop = (x) => x
