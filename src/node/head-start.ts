/**
 * Starts early what a node that runs commands will need, while the rest of the program is loaded.
 */
export {
  startSpawnerAhead as startHelpers,
  endSpawnerAhead as endHelpers
} from '../exec/spawner-process.ts'
