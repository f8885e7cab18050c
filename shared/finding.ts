import Type, { type Static } from 'typebox'

/** Longest user name kept, in UTF-16 units: sshd cuts at 100 bytes, other daemons do not cut at all. */
export const longestUser = 256

/** Longest sentence of what could not be read and why: it may name files, whose names may be long. */
export const longestSentence = 512

/** Most that one line counts: a million findings of a lying agent still add up to a number that is exact. */
export const mostAtOnce = 1_000_000

const strict = { additionalProperties: false } as const

/** Where a finding stands in its log: the identity it keeps whatever a later parser makes of the line. */
const Anchor = {
  /** Identity of the log file (hash of its first line) or the boot id of a journal. */
  file: Type.String({ minLength: 1, maxLength: 80 }),
  /** Offset of the line's first byte (decompressed); in a journal the entry's monotonic time in µs. */
  offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
}

/**
 * attempt  credentials refused, or a user named without one (`count` of them)
 * probe    a connection that named nobody
 * login    a login that succeeded
 * blocked  connections the daemon itself turned away
 * change   accounts or groups changed on the host
 * loss     messages lost before anybody could read them: from here on counts are "at least"
 */
export const FindingKind = Type.Enum(['attempt', 'probe', 'login', 'blocked', 'change', 'loss'])
export type FindingKind = Static<typeof FindingKind>

/** One thing that happened, reported once. No address means a local attempt (sudo, su, console). */
export const Finding = Type.Object(
  {
    ...Anchor,
    kind: FindingKind,
    /** ms UTC, from the log line. */
    at: Type.Integer({ minimum: -8.64e15, maximum: 8.64e15 }),
    /** The host named in the line, where it is not the reading host itself. */
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    program: Type.String({ minLength: 1, maxLength: 64 }),
    pid: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
    /** Normalised address, or a host name where the log gives only that. */
    ip: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    user: Type.Optional(Type.String({ maxLength: longestUser })),
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    count: Type.Integer({ minimum: 1, maximum: mostAtOnce }),
    /** Attempts of the same session before this one: tells relayed copies of one event apart from its siblings. */
    ordinal: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    /** For change and loss: what happened. */
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  },
  strict,
)
export type Finding = Static<typeof Finding>

/** What a later line adds to an attempt already reported. Repeating it changes nothing; it never changes a count. */
export const Amendment = Type.Object(
  {
    ...Anchor,
    kind: Type.Literal('amend'),
    method: Type.String({ minLength: 1, maxLength: 64 }),
  },
  strict,
)
export type Amendment = Static<typeof Amendment>

/**
 * Something that could not be read. `missing`: log rotated away unread; `rewritten`: the file no
 * longer holds what was read from it; `vacuumed`: journal entries removed unread; `torn`: a finished
 * file's last line has no end; `oversize`: a line longer than is kept.
 */
export const Gap = Type.Object(
  {
    ...Anchor,
    kind: Type.Enum(['missing', 'rewritten', 'vacuumed', 'torn', 'oversize']),
    /** ms UTC: the last time known before the gap. */
    at: Type.Integer({ minimum: -8.64e15, maximum: 8.64e15 }),
    text: Type.String({ minLength: 1, maxLength: longestSentence }),
  },
  strict,
)
export type Gap = Static<typeof Gap>
