/** Makes the process that imports it as large as one that has much to remember. */
const ballast = Buffer.alloc(300 * 1024 * 1024, 1)
Object.defineProperty(globalThis, 'ballast', { value: ballast })
