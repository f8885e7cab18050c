/**
 * What V8 is told when a built program starts; the units say the same. A young generation of 4 MiB
 * keeps a burst small: in one of 1 MiB what is sent grows old before it is sent, and in a larger one
 * it is left lying (anonymous memory at its peak 64 MiB with 1, 40 with 4, 47 with 8). A flag that
 * changes what V8 compiles does not belong here: Node's own modules lie compiled in its binary and
 * are compiled once more, a third of the start, where one is given.
 */
export const flags = {
  agent: ['--max-semi-space-size=4'],
  collector: [],
} as const
