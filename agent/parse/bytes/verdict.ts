/**
 * What the bytes of a line were understood as.
 *
 * unknown  not by this stage: the tables of shapes are to be asked
 * passed   nothing of ours
 * quiet    ours, and moves its host's clock, but counts nothing
 * told     stands in the object given
 *
 * Words, not the fields of an object: code that V8 compiled before a field was first read is thrown away
 * when it is.
 */
export type Verdict = 'unknown' | 'passed' | 'quiet' | 'told'
