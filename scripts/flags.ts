/**
 * What V8 is told when a built program starts; the units say the same. A young generation of 1 MiB
 * keeps a burst small (103 MiB at the most was seen). Loading an agent runs a few functions often enough for V8 to fetch its
 * second compiler, 3 MiB of code, for nothing: ten times the calls leave it out until there is work.
 */
export const flags = {
  agent: ['--max-semi-space-size=1', '--invocation-count-for-maglev=4000'],
  collector: [],
} as const
