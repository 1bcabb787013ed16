/** The clock, taken before any task could put a false one in its place (as tests do). */
export const nowMs = performance.now.bind(performance)
/** The wall clock at which `nowMs` was 0. */
export const { timeOrigin } = performance
