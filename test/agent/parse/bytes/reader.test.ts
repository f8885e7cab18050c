/**
 * The byte stage is no second definition: whatever the line, it tells the fold what the tables of
 * shapes tell it, or leaves the line to them.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { type Count, isQuiet } from '../../../../agent/fold/fold.ts'
import { openTold, type Told, toldBy } from '../../../../agent/fold/told.ts'
import { readLines } from '../../../../agent/parse/bytes/chunk.ts'
import { openReader } from '../../../../agent/parse/bytes/reader.ts'
import { openParser } from '../../../../agent/parse/parse.ts'
import { splitLines } from '../../../../agent/source/lines.ts'
import { openCorpus } from '../../../bench/corpus.ts'

/** What the fold hears of a line: nothing, that its host's time goes on, or all of it. */
type Heard = 'nothing' | { at: number; host: string; offset: number } | Told

const isOwn = (host: string) => host === 'nas'
const reference = Date.UTC(2026, 10, 22)
const zones = ['UTC', 'Europe/Rome']

/** The long way alone: text, tables, event. */
function byTables(bytes: Buffer, zone: string): { heard: Heard[]; last: number | null } {
  const parser = openParser({ zone, reference, last: null })
  let at = reference
  const heard = splitLines(bytes, 0).lines.map(({ text, offset }): Heard => {
    const parsed = parser.line(text)
    at = parsed.at ?? parser.last() ?? at
    if (parsed.event === null) return 'nothing'
    return brief(toldBy({ ...parsed, at }, parsed.event, { file: 'f', offset }, isOwn))
  })
  return { heard, last: parser.last() }
}

function byBytes(
  bytes: Buffer,
  zone: string,
): { heard: Heard[]; last: number | null; long: number } {
  const parser = openParser({ zone, reference, last: null })
  const heard: Heard[] = []
  let long = 0
  const line = (text: string) => {
    long++
    return parser.line(text)
  }
  const counted = { ...parser, line }
  const count: Count = {
    tell: (told) => heard.push(brief({ ...told })),
    quiet: ({ at, host, offset }) => heard.push({ at, host, offset }),
    pass: () => heard.push('nothing'),
    flush: () => undefined,
    save: () => ({ sessions: [], clocks: [] }),
    resume: () => undefined,
  }
  const reader = openReader(counted, count, isOwn, reference)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  readLines(reader, bytes, view, bytes.length, 'f', 0)
  reader.settle()
  return { heard, last: parser.last(), long }
}

function brief(told: Told): Heard {
  const { at, host, offset } = told
  return isQuiet(told) ? { at, host, offset } : told
}

/** Compares both on these lines; gives how many of them went the long way. */
function compare(lines: readonly (string | Buffer)[], zone = 'UTC'): number {
  const bytes = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]))
  const expected = byTables(bytes, zone)
  const { long, ...found } = byBytes(bytes, zone)
  found.heard.forEach((one, index) => {
    assert.deepEqual(one, expected.heard[index], String(lines[index]))
  })
  assert.deepEqual(found, expected)
  return long
}

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const recordings = folder('../../../recordings/')
const corpora = folder('../../../../../shared/corpora/')

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n')
}

function ownLines(): string[] {
  const files = [recordings, `${recordings}odd/`].flatMap((where) =>
    readdirSync(where)
      .filter((name) => name.endsWith('.log') || name.endsWith('.json'))
      .map((name) => where + name),
  )
  return files.flatMap(linesOf).filter((line) => !line.startsWith(' '))
}

function casesOf(name: string): string[] {
  return linesOf(corpora + name).flatMap((row) => (row === '' ? [] : [JSON.parse(row).line]))
}

function allLines(): string[] {
  const others = existsSync(corpora)
    ? [
        ...linesOf(`${corpora}OpenSSH_2k.log`),
        ...linesOf(`${corpora}Linux_2k.log`),
        ...['fail2ban', 'sshguard', 'advisories'].flatMap((of) => casesOf(`cases-${of}.jsonl`)),
      ]
    : []
  return [...ownLines(), ...others]
}

const everything = allLines()
const missing = existsSync(corpora) ? false : 'the public corpora are not beside the project'

test('every recorded and collected line is heard the same', () => {
  for (const zone of zones) compare(everything, zone)
})

test('every line is heard the same behind a prefix that is known, under every tag', () => {
  const tags = [
    'sshd[7]:',
    'sshd-session[7]:',
    'sudo:',
    'systemd-logind[3]:',
    'cockpit-x[2]:',
    'CRON[1]:',
  ]
  const prefixes = ['Nov 22 17:00:0', '2026-11-22T17:00:0']
  const messages = everything.map((line) => line.replace(/^.*?(?:\]|\w): /, ''))
  for (const prefix of prefixes) {
    const isFull = prefix.startsWith('2')
    const lines = tags.flatMap((tag) =>
      messages.map(
        (text, n) => `${prefix}${n % 10}${isFull ? `.${n}+01:00` : ''} nas ${tag} ${text}`,
      ),
    )
    compare(lines)
  }
})

test('lines that begin as the line before are heard the same, whoever stands between them', () => {
  const stamps = ['Nov 22 17:00:01', 'Nov 22 17:00:02', 'Nov 23 17:00:01', 'Nov 22 27:00:01']
  const full = [
    '2026-11-22T17:00:01.5+01:00',
    '2026-11-22T17:00:01.7+01:00',
    '2026-11-22T17:00:01Z',
  ]
  const hosts = ['nas', 'nat', 'edge-of-the-net-17', 'n']
  const tags = ['sshd[7]:', 'sshd[8]:', 'sshd:', 'CRON[7]:', 'sudo:']
  const said = [
    'Failed password for root from 203.0.113.9 port 1 ssh2',
    'x',
    '',
    'Invalid user  from ::1',
  ]
  const line = fc
    .tuple(...[[...stamps, ...full], hosts, tags, said].map((some) => fc.constantFrom(...some)))
    .map((parts) => parts.join(' '))
  fc.assert(
    fc.property(fc.array(line, { minLength: 2, maxLength: 40 }), (lines) => {
      compare(lines)
    }),
    { numRuns: 500 },
  )
})

test('a buffer that is filled again is read anew', () => {
  const heard: Told[] = []
  const nothing = () => undefined
  const save = () => ({ sessions: [], clocks: [] })
  const tell = (told: Told) => heard.push({ ...told })
  const count = { tell, quiet: nothing, pass: nothing, flush: nothing, save, resume: nothing }
  const parser = openParser({ zone: 'UTC', reference, last: null })
  const reader = openReader(parser, count, () => false, reference)
  const said = 'sshd[7]: Failed password for root from 203.0.113.9 port 1 ssh2\n'
  const bytes = Buffer.alloc(256)
  let base = 0
  for (const from of ['Nov 22 17:00:01 nas', 'Nov 22 17:00:01 nat', 'Nov 22 17:00:09 nas']) {
    const length = bytes.write(`${from} ${said}`.repeat(2))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    base += readLines(reader, bytes, view, length, 'f', base)
  }
  assert.deepEqual(
    heard.map(({ host, at }) => `${host} ${new Date(at).getUTCSeconds()}`),
    ['nas 1', 'nas 1', 'nat 1', 'nat 1', 'nas 9', 'nas 9'],
  )
})

test('nearly every line of an attack is read from its bytes', () => {
  for (const mix of ['attack', 'noise', 'RFC 3339', 'modern'] as const) {
    const next = openCorpus(mix, { seed: 7, from: reference })
    const long = compare(Array.from({ length: 20_000 }, () => next().slice(0, -1)))
    assert.ok(long < 1000, `${mix}: ${long} of 20000 the long way`)
  }
})

test('nearly every line of Loghub’s OpenSSH log is read from its bytes', { skip: missing }, () => {
  const long = compare(linesOf(`${corpora}OpenSSH_2k.log`))
  assert.ok(long < 400, `${long} of 2000 the long way`)
})

// Pieces of lines put together anew come nearer to what a reader confuses than random text.
const pieces = [
  ...[
    'Failed ',
    'password',
    'none',
    ' for ',
    'invalid user ',
    'illegal user ',
    'root',
    ' from ',
    'a b',
  ],
  ...[
    '1.2.3.4',
    '2001:db8::1',
    'evil.example.com',
    '::ffff:1.2.3.4',
    '300.1.1.1',
    ' port ',
    '22',
    '99999',
  ],
  ...[
    ' ssh2',
    ' ssh2: x',
    ' [preauth]',
    ' [postauth]',
    'error: ',
    'fatal: ',
    'Invalid user ',
    ': ',
    ':',
  ],
  ...[
    'Received disconnect from ',
    ':11: Bye',
    'Connection closed by ',
    'Connection reset by ',
    ' ',
  ],
  ...[
    'Disconnected from ',
    'user ',
    'authenticating user ',
    'authenticatinguser ',
    '123456',
    '  ',
    '\\',
  ],
  ...['input_userauth_request: invalid user ', 'Did not receive identification string from '],
  ...['reverse mapping checking getaddrinfo for ', 'x.example', ' [', ']', '] ', ' failed'],
  ...[
    'pam_unix(sshd:auth): ',
    'check pass; user unknown',
    'authentication failure; ',
    ' user=',
    '  user=',
  ],
  ...[
    'logname= uid=0 euid=0 tty=ssh ruser= rhost=',
    'PAM ',
    '3',
    ' more authentication failure',
    's; ',
  ],
  ...[
    'PAM service(sshd) ignoring max retries; ',
    ' > ',
    'message repeated ',
    ' times: [ ',
    ' times: [',
  ],
  ...[
    'maximum authentication attempts exceeded for ',
    'é',
    '\u2028',
    '\r',
    '\x7f',
    '\t',
    '<invalid username>',
  ],
  ...[
    'pam_unix(sshd:session): session opened for user ',
    'pam_unix(sudo:session): session closed for user ',
  ],
  ...[
    'alice : ',
    'TTY=',
    'pts/0',
    '/dev/pts/0',
    ' ; PWD=',
    ' ; USER=root',
    'New session ',
    ' of user ',
    '.',
  ],
  ...[
    'Removed session ',
    'Session ',
    ' logged out. ',
    'k',
    'kernel: [ 1.2] ',
    '[ID 800047 auth.info] ',
  ],
]

test('lines put together from pieces of lines are heard the same', () => {
  const tag = fc.constantFrom(
    'sshd[5]:',
    'sshd[77]:',
    'sudo:',
    'systemd-logind[1]:',
    'other[3]:',
    'sshd:',
  )
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((parts) => parts.join(''))
  const line = fc.tuple(tag, text).map(([who, what]) => `Nov 22 17:00:09 nas ${who} ${what}`)
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 30 }), (lines) => {
      compare(['Nov 22 17:00:01 nas sshd[5]: x', 'Nov 22 17:00:01 nas sudo: x', ...lines])
    }),
    { numRuns: 2000 },
  )
})

test('lines with a byte changed, cut out or put in are heard the same', () => {
  const change = fc.record({
    line: fc.nat(everything.length - 1),
    at: fc.nat(200),
    cut: fc.nat(3),
    put: fc.uint8Array({ maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
      const lines = changes.flatMap(({ line, at, cut, put }) => {
        const whole = Buffer.from(everything[line] ?? '')
        const bytes = Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + cut)])
        return bytes.includes(10) ? [whole] : [whole, bytes]
      })
      compare(lines, 'Europe/Rome')
    }),
    { numRuns: 2000 },
  )
})

test('times are the same over midnights, years, changed clocks and stamps of any order', () => {
  const moment = fc.integer({ min: Date.UTC(2026, 9, 24), max: Date.UTC(2027, 3, 2) })
  const form = fc.constantFrom('plain', 'zoned', 'local')
  const line = fc.record({
    moment,
    form,
    tag: fc.constantFrom('sshd[1]:', 'CRON[2]:'),
    near: fc.nat(90),
  })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      let last = Date.UTC(2026, 9, 25, 1)
      compare(
        lines.map((one) => {
          last = one.near < 80 ? last + (one.near - 20) * 1000 : one.moment
          const iso = new Date(last).toISOString()
          const month = 'JanFebMarAprMayJunJulAugSepOctNovDec'.slice(
            3 * (Number(iso.slice(5, 7)) - 1),
          )
          const plain = `${month.slice(0, 3)} ${iso.slice(8, 10).replace(/^0/, ' ')} ${iso.slice(11, 19)}`
          const stamp = { plain, zoned: `${iso.slice(0, 23)}+01:00`, local: iso.slice(0, 19) }[
            one.form
          ]
          return `${stamp} nas ${one.tag} Connection closed by 1.2.3.4`
        }),
        'Europe/Rome',
      )
    }),
    { numRuns: 2000 },
  )
})

test('what is told is told anew each time: no field of one line stays for the next', () => {
  const fields = Object.keys(openTold())
  const told: Told[] = []
  const parser = openParser({ zone: 'UTC', reference, last: null })
  const nothing = () => undefined
  const save = () => ({ sessions: [], clocks: [] })
  const count = { tell: (one: Told) => told.push({ ...one }), quiet: nothing, pass: nothing }
  const reader = openReader(
    parser,
    { ...count, flush: nothing, save, resume: nothing },
    isOwn,
    reference,
  )
  const lines = everything.map((line) => `${line}\n`).join('')
  const bytes = Buffer.from(lines)
  readLines(reader, bytes, new DataView(bytes.buffer, bytes.byteOffset), bytes.length, 'f', 0)
  assert.ok(told.length > everything.length / 2)
  for (const one of told) assert.deepEqual(Object.keys(one), fields)
})
