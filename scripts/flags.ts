/**
 * What V8 is told when a built program starts; the units say the same. A young generation of 1 MiB
 * keeps a burst small (103 MiB at the most was seen). A flag that changes what V8 compiles does not belong here: Node's own
 * modules lie compiled in its binary and are compiled once more, a third of the start, where one is given.
 */
export const flags = {
  agent: ['--max-semi-space-size=1'],
  collector: [],
} as const
