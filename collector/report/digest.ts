/**
 * What a window means for a person: the verdict, what changed, who, where, and how far the counts
 * can be trusted. Pure; the stored digest is what the message was made from.
 */
import Type, { type Static } from 'typebox'
import { checker } from '../../shared/check.ts'
import type { Closing } from '../store/reports/reports.ts'
import type { Window } from '../store/reports/window.ts'
import { Alert, FailedOn } from './alert.ts'

const strict = { additionalProperties: false } as const
const Millis = Type.Integer({ minimum: -8.64e15, maximum: 8.64e15 })
const Count = Type.Integer({ minimum: 0 })
const Text = Type.String()
const Host = { host: Text, attempts: Count }
const User = { user: Text, attempts: Count }

export const Digest = Type.Object(
  {
    verdict: Type.Enum(['quiet', 'look']),
    /** ms UTC; `from` is null where nothing was reported before. */
    from: Type.Union([Millis, Type.Null()]),
    to: Millis,
    /** Earlier reports that this one covers because they could not be delivered. */
    merged: Count,
    /** Something was lost or could not be read, so every count is a lower bound. */
    atLeast: Type.Boolean(),
    totals: Type.Object(
      {
        attempts: Count,
        local: Count,
        probes: Count,
        logins: Count,
        blocked: Count,
        changes: Count,
        addresses: Count,
        fresh: Count,
        users: Count,
        hosts: Count,
      },
      strict,
    ),
    /** Attempts in the report before; null where there is none. */
    before: Type.Union([Count, Type.Null()]),
    /** Logins after failures that nobody was told of before, and those of known ones. */
    looks: Type.Array(Alert),
    again: Type.Array(Alert),
    attackers: Type.Array(
      Type.Object(
        {
          ip: Text,
          attempts: Count,
          probes: Count,
          logins: Count,
          hosts: Type.Array(Type.Object(Host, strict)),
          users: Type.Array(Type.Object(User, strict)),
        },
        strict,
      ),
    ),
    users: Type.Array(Type.Object(User, strict)),
    hosts: Type.Array(
      Type.Object(
        { ...Host, probes: Count, logins: Count, blocked: Count, atLeast: Type.Boolean() },
        strict,
      ),
    ),
    /** Hosts nothing is heard of; `since` null where nothing ever was; `fresh`: not told before. */
    silent: Type.Array(
      Type.Object(
        { host: Text, since: Type.Union([Millis, Type.Null()]), fresh: Type.Boolean() },
        strict,
      ),
    ),
    /** Hosts that were silent in the report before and are heard of again. */
    back: Type.Array(Text),
    missing: Type.Array(Type.Object({ host: Text, text: Text, times: Count }, strict)),
    local: Type.Array(Type.Object({ ...Host, user: Text, program: Text }, strict)),
    logins: Type.Array(
      Type.Object(
        {
          ip: Type.Union([Text, Type.Null()]),
          host: Text,
          user: Text,
          logins: Count,
          fresh: Type.Boolean(),
        },
        strict,
      ),
    ),
    changes: Type.Array(Type.Object({ at: Millis, host: Text, text: Text }, strict)),
    /** How long these lists are with what is not in them. Digests of before have none. */
    rows: Type.Optional(Type.Object({ local: Count, logins: Count, missing: Count }, strict)),
  },
  strict,
)
export type Digest = Static<typeof Digest>

/** From when on a host counts as silent; times in ms, stamps in ms UTC. */
export type Silence = {
  /** How long nothing must have been heard. */
  after: number
  /** Since when this collector has been listening: before that, silence is its own. */
  listening: number
}

const checkDigest = checker(Digest)
const checkAlert = checker(Alert)
const checkFailedOn = checker(FailedOn)

/** Makes the digest of a window. */
export function digest(closing: Closing, silence: Silence): Digest {
  const { window, from, to, merged } = closing
  const previous = readDigest(closing.previous)
  const missing = missingOf(window)
  const lossy = new Set([...window.lossy, ...missing.map(({ host }) => host)])
  const alerts = alertsOf(window)
  return {
    verdict: alerts.looks.length > 0 ? 'look' : 'quiet',
    from,
    to,
    merged,
    atLeast: missing.length > 0,
    totals: window.totals,
    before: previous?.totals.attempts ?? null,
    ...alerts,
    attackers: window.attackers.map(({ first: _first, last: _last, ...attacker }) => attacker),
    users: window.users,
    hosts: window.hosts.map((host) => ({ ...host, atLeast: lossy.has(host.host) })),
    ...quietHosts(window, to, silence, previous),
    missing,
    local: window.local,
    logins: window.logins
      .filter(({ alert }) => alert === null)
      .map(({ ip, host, user, logins, fresh }) => ({ ip, host, user, logins, fresh })),
    changes: window.changes,
    rows: {
      local: window.rows.local,
      logins: window.rows.logins,
      missing: missing.length + window.rows.losses - window.losses.length,
    },
  }
}

/** A stored digest; null where it is none of this version, or none at all. */
export function readDigest(stored: unknown): Digest | null {
  const checked = checkDigest(stored)
  return checked.ok ? checked.value : null
}

/**
 * Whether anything happened that a person should read. One's own daily logins do not count, or a
 * backup over ssh would be a message an hour; neither does a silence already told of.
 */
export function worthTelling({ totals, silent, back, logins, missing, ...rest }: Digest): boolean {
  const { attempts, local, probes, blocked, changes } = totals
  return (
    attempts + local + probes + blocked + changes > 0 ||
    rest.looks.length + rest.again.length + missing.length + back.length > 0 ||
    silent.some(({ fresh }) => fresh) ||
    logins.some(({ fresh }) => fresh)
  )
}

/** The alerts of this time, and the logins of addresses an earlier report has told of. */
function alertsOf({ alerts, logins }: Window): { looks: Alert[]; again: Alert[] } {
  const looks = alerts.map(checkAlert).flatMap((alert) => (alert.ok ? [alert.value] : []))
  const told = new Set(looks.map(keyOf))
  const again = logins.flatMap(({ ip, host, user, at, alert }) => {
    if (alert === null || ip === null || told.has(keyOf({ ip, host, user }))) return []
    const { failed, times, failedOn } = alert
    return [{ ip, host, user, at, failed, failedOn: failedOnOf(failedOn), times }]
  })
  return { looks, again }
}

function keyOf({ ip, host, user }: Pick<Alert, 'ip' | 'host' | 'user'>): string {
  return JSON.stringify([ip, host, user])
}

// A list that cannot be read must not keep anybody from learning that somebody got in.
function failedOnOf(stored: string): FailedOn {
  try {
    const checked = checkFailedOn(JSON.parse(stored))
    return checked.ok ? checked.value : []
  } catch {
    return []
  }
}

const gapWords = new Map([
  ['missing', 'a log was rotated away before it was read'],
  ['rewritten', 'a log was rewritten'],
  ['vacuumed', 'journal entries were removed before they were read'],
  ['torn', 'a log ends in the middle of a line'],
  ['oversize', 'a line was too long to read'],
])

function missingOf({ losses, gaps }: Window): Digest['missing'] {
  const told = new Map<string, Digest['missing'][number]>()
  for (const { host, kind, text, times } of gaps) {
    const words = gapWords.get(kind) ?? text
    const key = JSON.stringify([host, words])
    const known = told.get(key)
    if (known === undefined) told.set(key, { host, text: words, times })
    else known.times += times
  }
  // One line per thing lost; how much was lost is in its own words, where the log says it at all.
  return [...losses.map(({ host, text }) => ({ host, text, times: 1 })), ...told.values()]
}

function quietHosts(
  { agents }: Window,
  now: number,
  silence: Silence,
  previous: Digest | null,
): Pick<Digest, 'silent' | 'back'> {
  const known = new Map(previous?.silent.map(({ host, since }) => [host, since]))
  const mute = ({ host, seen }: Window['agents'][number]): boolean =>
    // What was silent stays so until it is heard of: a restarted collector must not tell it anew.
    (known.has(host) && known.get(host) === seen) ||
    now - Math.max(seen ?? 0, silence.listening) > silence.after
  return {
    silent: agents
      .filter(mute)
      .map(({ host, seen }) => ({ host, since: seen, fresh: !known.has(host) })),
    back: agents.filter((agent) => known.has(agent.host) && !mute(agent)).map(({ host }) => host),
  }
}
