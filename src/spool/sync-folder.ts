/**
 * A new name is on disk only when its folder is.
 */
import { open } from 'node:fs/promises'

export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and keeps names by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
