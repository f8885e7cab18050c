import Type, { type Static } from 'typebox'
import { longestUser } from './finding.ts'

/**
 * Where an agent stands in one source, kept by the collector because the agent keeps nothing: the
 * position of the next unread line, and the sessions that were open there. Starting again from a
 * checkpoint gives the same findings as never having stopped.
 */

const strict = { additionalProperties: false } as const
const Millis = Type.Integer({ minimum: -8.64e15, maximum: 8.64e15 })
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const FileId = Type.String({ minLength: 1, maxLength: 80 })

/** Most sessions and hosts a checkpoint holds: far above any real host, and still inside one frame. */
export const mostSessions = { open: 3072, ended: 1024, hosts: 512 } as const

/** Place in a set of rotated log files. */
export const FilePosition = Type.Object(
  {
    kind: Type.Literal('file'),
    file: FileId,
    /** Bytes (decompressed) read so far: where the next line begins. */
    offset: Count,
    /** Hash of the at most 256 bytes before `offset`: proves that the file is still the one read. */
    before: Type.String({ maxLength: 32 }),
    /** Name the file had when last seen; tells its place in the rotation if it is gone. */
    name: Type.String({ maxLength: 512 }),
    /** Files read to their end and still on disk. */
    finished: Type.Array(FileId, { maxItems: 1024 }),
  },
  strict,
)
export type FilePosition = Static<typeof FilePosition>

/** Place in the journal. */
export const JournalPosition = Type.Object(
  {
    kind: Type.Literal('journal'),
    cursor: Type.String({ minLength: 1, maxLength: 512 }),
    boot: FileId,
    /** Offset given to the entry at `cursor`; later entries of the boot are numbered above it. */
    offset: Count,
  },
  strict,
)
export type JournalPosition = Static<typeof JournalPosition>

export const Position = Type.Union([FilePosition, JournalPosition])
export type Position = Static<typeof Position>

/** A session still open in the log: what it has shown so far, and how much of that is reported. */
export const OpenSession = Type.Object(
  {
    /** Origin host ('' for the reading host itself), program family, and pid or what stands for it. */
    host: Type.String({ maxLength: 255 }),
    program: Type.String({ minLength: 1, maxLength: 64 }),
    id: Type.String({ maxLength: 320 }),
    /** ms UTC of its last line. */
    seen: Millis,
    /** Attempts already reported. */
    reported: Count,
    /** Credentials refused, by who said so. */
    refused: Type.Array(Type.Tuple([Type.String({ maxLength: 32 }), Count]), { maxItems: 16 }),
    flags: Type.Array(
      Type.Enum(['named', 'scanned', 'probed', 'accepted', 'ended', 'pam', 'joined', 'waits']),
      { maxItems: 8 },
    ),
    ip: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    /** Kept only until the attempt is reported. */
    user: Type.Optional(Type.String({ maxLength: longestUser })),
    /** Anchor of an attempt reported without its method, for the amendment that brings it. */
    amend: Type.Optional(Type.Tuple([FileId, Count])),
  },
  strict,
)
export type OpenSession = Static<typeof OpenSession>

/** The line just read, for a "last message repeated N times" that may follow it. */
export const LastLine = Type.Object(
  {
    host: Type.String({ maxLength: 255 }),
    program: Type.String({ minLength: 1, maxLength: 64 }),
    pid: Type.Optional(Type.Integer({ minimum: 0 })),
    ip: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    user: Type.Optional(Type.String({ maxLength: longestUser })),
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    witness: Type.Optional(Type.String({ maxLength: 32 })),
    tty: Type.Optional(Type.String({ maxLength: 64 })),
  },
  strict,
)
export type LastLine = Static<typeof LastLine>

/** Everything the fold must know to go on as if it had never stopped. */
export const FoldState = Type.Object(
  {
    /** Least recently touched first. */
    sessions: Type.Array(OpenSession, { maxItems: mostSessions.open + mostSessions.ended }),
    /** ms UTC by host: how far each one's log has come. */
    clocks: Type.Array(Type.Tuple([Type.String({ maxLength: 255 }), Millis]), {
      maxItems: mostSessions.hosts,
    }),
    last: Type.Optional(LastLine),
  },
  strict,
)
export type FoldState = Static<typeof FoldState>

/** The state of a log of which nothing was read yet. */
export const nothingRead: FoldState = { sessions: [], clocks: [] }

export const Checkpoint = Type.Object(
  {
    position: Position,
    /** ms UTC of the last line understood: the year of the next one without a year is read off it. */
    clock: Type.Union([Millis, Type.Null()]),
    /** Findings older than this (ms UTC) are not reported: first contact starts `since` ago. */
    since: Type.Union([Millis, Type.Null()]),
    open: FoldState,
  },
  strict,
)
export type Checkpoint = Static<typeof Checkpoint>
