/**
 * What the bytes of a line were understood as.
 *
 * unknown  not by this stage: the tables of shapes are to be asked
 * passed   nothing of ours
 * quiet    ours, and moves its host's clock, but counts nothing
 * told     stands in the object given
 */
export const Verdict = { unknown: 0, passed: 1, quiet: 2, told: 3 } as const
export type Verdict = (typeof Verdict)[keyof typeof Verdict]
