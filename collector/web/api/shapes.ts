/** What the API answers, once for its types, its documentation and its tests. Times are ISO 8601, UTC. */
import Type, { type Static, type TSchema } from 'typebox'
import { FindingKind } from '../../../shared/finding.ts'
import { SourceState } from '../../../shared/wire.ts'

const strict = { additionalProperties: false } as const
const Count = Type.Integer({ minimum: 0 })
const Time = Type.String({ description: 'ISO 8601, UTC' })
const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
// Not a pattern of names: user names are the attacker's, and may hold line ends.
const byName = <S extends TSchema>(schema: S, description: string) =>
  Type.Unsafe<Record<string, Static<S>>>(
    Type.Object({}, { additionalProperties: schema, description }),
  )

const counts = { attempts: Count, probes: Count, logins: Count }

export const TotalsAnswer = Type.Object(
  {
    ...counts,
    attackers: Type.Integer({ minimum: 0, description: 'Addresses with an attempt or a probe.' }),
    hosts: Type.Integer({ minimum: 0, description: 'Hosts that anything was counted on.' }),
  },
  { ...strict, description: 'Attempts, probes and logins that came from an address.' },
)
export type TotalsAnswer = Static<typeof TotalsAnswer>

export const AttackersAnswer = Type.Object(
  {
    attackers: Type.Array(
      Type.Object(
        {
          ip: Type.String(),
          ...counts,
          seenOn: Type.Integer({
            minimum: 0,
            description: 'On how many hosts it was seen, given below or not.',
          }),
          hosts: byName(Type.Object(counts, strict), 'Counts by host, those most tried.'),
          users: byName(Count, 'Attempts by user name, those most tried.'),
          first: Type.String({ description: 'First time ever seen, ISO 8601, UTC.' }),
          last: Type.String({ description: 'Last time seen, ISO 8601, UTC.' }),
        },
        strict,
      ),
    ),
  },
  { ...strict, description: 'One row per address however many hosts it tried, most active first.' },
)
export type AttackersAnswer = Static<typeof AttackersAnswer>

export const TopAnswer = Type.Object(
  {
    top: Type.Array(
      Type.Object({ name: Type.String(), ...counts, first: Time, last: Time }, strict),
    ),
  },
  { ...strict, description: 'Most attempts first; first and last are those ever seen.' },
)
export type TopAnswer = Static<typeof TopAnswer>

const Numbers = Type.Array(Count)
export const ChartAnswer = Type.Object(
  {
    from: Time,
    step: Type.Integer({ description: 'Length of a step, ms.' }),
    series: Type.Array(
      Type.Object(
        { host: orNull(Type.String()), attempts: Numbers, probes: Numbers, logins: Numbers },
        strict,
      ),
    ),
  },
  { ...strict, description: 'One number per step; host is null for the whole fleet.' },
)
export type ChartAnswer = Static<typeof ChartAnswer>

export const HostAnswer = Type.Object(
  {
    skew: orNull(Type.Integer({ description: 'How far its clock is ahead, ms.' })),
    positions: Type.Array(
      Type.Object(
        {
          source: Type.String(),
          reading: Type.String(),
          offset: Type.Integer({ description: 'Bytes read; in a journal its own count.' }),
          open: Type.Integer({ description: 'Sessions begun and not ended there.' }),
          stored: Time,
        },
        strict,
      ),
    ),
    gaps: Type.Array(
      Type.Object(
        { at: Time, kind: Type.String(), source: Type.String(), text: Type.String() },
        strict,
      ),
    ),
  },
  { ...strict, description: 'What else is known of one host; nothing of one nobody knows.' },
)
export type HostAnswer = Static<typeof HostAnswer>

export const FleetAnswer = Type.Object(
  {
    version: Type.String(),
    zone: Type.String({ description: 'Time zone of the fleet.' }),
    person: orNull(Type.String({ description: 'Who is logged in; null for a token.' })),
  },
  strict,
)
export type FleetAnswer = Static<typeof FleetAnswer>

export const HostsAnswer = Type.Object(
  {
    hosts: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          online: Type.Boolean(),
          lastSeen: orNull(Time),
          version: orNull(Type.String()),
          sources: Type.Array(SourceState),
          lag: orNull(
            Type.Integer({ minimum: 0, description: 'Bytes of log not read yet; null: unknown.' }),
          ),
          gaps: Type.Integer({ minimum: 0, description: 'Times something could not be read.' }),
          attempts: Count,
        },
        strict,
      ),
    ),
  },
  strict,
)
export type HostsAnswer = Static<typeof HostsAnswer>

export const FindingAnswer = Type.Object(
  {
    n: Type.Integer({ description: 'Order of arrival.' }),
    kind: FindingKind,
    at: Time,
    host: Type.String(),
    ip: orNull(Type.String()),
    port: orNull(Type.Integer()),
    user: orNull(Type.String()),
    method: orNull(Type.String()),
    count: Count,
    program: Type.String(),
    text: orNull(Type.String()),
  },
  strict,
)
export type FindingAnswer = Static<typeof FindingAnswer>

const next = orNull(
  Type.Integer({ description: 'What to ask as `before` for what follows; null at the end.' }),
)

export const FindingsAnswer = Type.Object(
  { findings: Type.Array(FindingAnswer), next },
  {
    ...strict,
    description:
      'Newest first. A page may hold fewer than `limit` (rare things are searched for piece by piece): go on while `next` is not null.',
  },
)
export type FindingsAnswer = Static<typeof FindingsAnswer>

export const AlertsAnswer = Type.Object(
  {
    trouble: orNull(
      Type.Object(
        { why: Type.String(), since: Time },
        {
          ...strict,
          description: 'Why the collector can store nothing now, if so: its disk is full.',
        },
      ),
    ),
    gaps: Type.Integer({
      minimum: 0,
      description: 'Times that something could not be read: where above 0, counts are at least.',
    }),
    alerts: Type.Array(
      Type.Object(
        {
          ip: Type.String(),
          host: Type.String(),
          user: Type.String(),
          failed: Type.Integer({ minimum: 0, description: 'Attempts before the login.' }),
          times: Type.Integer({ minimum: 1, description: 'How often it logged in.' }),
          first: Time,
          last: Time,
        },
        strict,
      ),
    ),
  },
  { ...strict, description: 'What somebody should look at, newest first.' },
)
export type AlertsAnswer = Static<typeof AlertsAnswer>

export const ReportsAnswer = Type.Object(
  {
    reports: Type.Array(
      Type.Object(
        {
          id: Type.Integer(),
          kind: Type.String(),
          from: Time,
          to: Time,
          superseded: orNull(
            Type.Integer({ description: 'The later report that covers the same again.' }),
          ),
          parts: Type.Array(
            Type.Object(
              {
                part: Type.Integer(),
                state: Type.String({ description: 'How its delivery stands.' }),
                tries: Count,
                why: orNull(Type.String()),
                due: orNull(
                  Type.String({ description: 'When it is tried next; null where it is not.' }),
                ),
                text: Type.String(),
                entities: Type.Array(
                  Type.Object({ type: Type.String(), offset: Count, length: Count }, strict),
                  {
                    description: 'Its formatting, in UTF-16 units of the text.',
                  },
                ),
              },
              strict,
            ),
          ),
        },
        strict,
      ),
    ),
    next,
  },
  { ...strict, description: 'The reports made and how their delivery stands, newest first.' },
)
export type ReportsAnswer = Static<typeof ReportsAnswer>

export const LogLine = Type.Object(
  { id: Type.Integer(), at: Time, kind: Type.String(), text: Type.String() },
  strict,
)
export type LogLine = Static<typeof LogLine>

export const LogAnswer = Type.Object(
  { log: Type.Array(LogLine), next },
  { ...strict, description: "The collector's own log, newest first." },
)
export type LogAnswer = Static<typeof LogAnswer>

export const ErrorAnswer = Type.Object(
  {
    error: Type.String({ description: 'One sentence.' }),
    request: Type.String({ description: 'What to look for in the log of the collector.' }),
  },
  strict,
)
export type ErrorAnswer = Static<typeof ErrorAnswer>
