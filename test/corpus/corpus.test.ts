/**
 * The lines that others collected in twenty years, read by us. Where we say something else than a
 * collection does, exceptions.jsonl gives the reason; an exception that is none any more fails too.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Event } from '../../agent/parse/event.ts'
import { openParser } from '../../agent/parse/parse.ts'
import { normaliseAddress } from '../../shared/address.ts'

type Case = {
  source: string
  line: string
  expect: { attempt: boolean; ip: string | null; user: string | null; kind: string }
  meta: { wrong_ip?: string | null; time?: string; src_line?: number }
}

const CORPORA = new URL('../../../shared/corpora/', import.meta.url)
const missing = existsSync(CORPORA)
  ? false
  : 'the folder shared/corpora beside the project is missing'

function read(name: string): string {
  return readFileSync(new URL(name, CORPORA), 'utf8')
}

function rows<Row>(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

// fail2ban's own tests are run as if it were the summer of 2005.
const SUMMER_2005 = Date.UTC(2005, 7, 14, 12)

function eventOf(line: string): Event | null {
  return openParser({ zone: 'UTC', reference: SUMMER_2005 }).line(line).event
}

/** What we say differently from the collection, in a few words; empty where we agree. */
function disagreement({ line, expect }: Case): string {
  const event = eventOf(line)
  if (expect.attempt && !isAttempt(event)) return 'an attempt was missed'
  if (!expect.attempt && (event?.kind === 'refused' || event?.kind === 'named')) {
    return `${event.kind}, where no attempt was expected`
  }
  const ip = expect.ip === null ? null : (normaliseAddress(expect.ip) ?? expect.ip)
  return ip !== null && event?.ip !== ip ? `address ${event?.ip} instead of ${ip}` : ''
}

/** PAM's line beside sshd's own says the same attempt again. */
function isAttempt(event: Event | null): boolean {
  if (event?.kind === 'echo') return event.witness?.startsWith('pam_') === true
  return event?.kind === 'refused' || event?.kind === 'named'
}

type Exception = { source: string; line: string; differs: string; reason: string }

const EXCEPTIONS = rows<Exception>(
  readFileSync(new URL('exceptions.jsonl', import.meta.url), 'utf8'),
)

const key = ({ source, line }: { source: string; line: string }) => `${source}\n${line}`

for (const name of ['cases-fail2ban.jsonl', 'cases-sshguard.jsonl', 'cases-advisories.jsonl']) {
  test(`${name}: every line is read as it should be, or listed with a reason`, {
    skip: missing,
  }, () => {
    const listed = new Map(EXCEPTIONS.map((exception) => [key(exception), exception.differs]))
    for (const one of rows<Case>(read(name))) {
      assert.equal(disagreement(one), listed.get(key(one)) ?? '', `${one.source}: ${one.line}`)
    }
  })

  test(`${name}: every attempt is seen, with its address`, { skip: missing }, () => {
    const attempts = rows<Case>(read(name)).filter(({ expect }) => expect.attempt)
    const right = attempts.filter((one) => disagreement(one) === '')
    assert.equal(right.length, attempts.length)
    assert.ok(attempts.length > 5)
  })
}

test('every exception is of a line in a collection, and has a reason', { skip: missing }, () => {
  const all = ['cases-fail2ban.jsonl', 'cases-sshguard.jsonl', 'cases-advisories.jsonl']
  const known = new Set(all.flatMap((name) => rows<Case>(read(name)).map(key)))
  for (const exception of EXCEPTIONS) {
    assert.ok(known.has(key(exception)), exception.line)
    assert.ok(exception.reason.length > 20 && exception.differs !== '', exception.line)
  }
})

test('published attacks: never the address that fooled a tool, and the whole name', {
  skip: missing,
}, () => {
  for (const { line, expect, meta } of rows<Case>(read('cases-advisories.jsonl'))) {
    const event = eventOf(line)
    assert.ok(event, line)
    if (meta.wrong_ip) assert.notEqual(event.ip, meta.wrong_ip, line)
    if (expect.user !== null) assert.equal(event.user, expect.user, line)
  }
})

test('times are read as fail2ban reads them, save its leap seconds', { skip: missing }, () => {
  const zoned = /^@4|^<38>|[+]00:00 /
  for (const { line, meta } of rows<Case>(read('cases-fail2ban.jsonl'))) {
    if (meta.time === undefined || zoned.test(line)) continue
    const { at } = openParser({ zone: 'UTC', reference: SUMMER_2005 }).line(line)
    const read = at === null ? null : new Date(at).toISOString().slice(0, 19)
    assert.equal(read, meta.time, line)
  }
})

function readLog(name: string) {
  const parser = openParser({ zone: 'UTC', reference: Date.UTC(2026, 10, 22) })
  const lines = read(name)
    .split('\n')
    .filter((line) => line !== '')
  return lines.map((line) => ({ line, ...parser.line(line) }))
}

test('OpenSSH_2k.log: every line has a time, a host, a pid and a meaning', {
  skip: missing,
}, () => {
  const parsed = readLog('OpenSSH_2k.log')
  assert.equal(parsed.length, 2000)
  for (const { line, at, host, program, pid, event } of parsed) {
    assert.ok(at !== null && host === 'LabSZ' && program === 'sshd' && pid !== null && event, line)
  }
})

test('OpenSSH_2k.log: credentials, names, probes and logins are those of the truth', {
  skip: missing,
}, () => {
  const events = readLog('OpenSSH_2k.log').flatMap(({ event }) => event ?? [])
  const truth = JSON.parse(read('openssh2k-truth.json'))
  const of = (kind: string) => events.filter((event) => event.kind === kind)
  const refused = of('refused').reduce((sum, { count = 1 }) => sum + count, 0)
  assert.equal(refused, truth.failed_password_expanded.value)
  assert.equal(
    of('named').filter(({ method }) => method === 'none').length,
    truth.failed_none.value,
  )
  assert.deepEqual(
    of('accepted').map(({ user }) => user),
    ['fztu'],
  )
  assert.equal(of('probe').length, 10)
})

test('Linux_2k.log: no line about authentication is left without a meaning', {
  skip: missing,
}, () => {
  const about = /sshd|\bsu\b|login|auth|ftpd\[\d+\]: (?!getpeername)|session/i
  const none = readLog('Linux_2k.log').filter(
    ({ line, event }) => event === null && about.test(line),
  )
  const kernel = none.filter(({ program }) => program !== 'kernel')
  assert.deepEqual(
    kernel.map(({ line }) => line),
    [],
  )
})

test('Linux_2k.log: the old tag sshd(pam_unix) is sshd, and what it says an echo', {
  skip: missing,
}, () => {
  const sshd = readLog('Linux_2k.log').filter(({ line }) => line.includes(' sshd(pam_unix)['))
  const failures = sshd.filter(({ line }) => line.includes('authentication failure; '))
  assert.ok(failures.length > 400)
  for (const { line, program, event } of failures) {
    assert.equal(program, 'sshd')
    assert.equal(event?.kind, 'echo', line)
    assert.ok(event?.ip !== undefined && line.includes(`rhost=${event.ip}`), line)
  }
})
