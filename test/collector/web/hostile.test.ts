import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { enrol } from '../../support/findings.ts'
import { acting, hostile, hostileNames } from '../../support/hostile.ts'
import { noon, startWeb, type Web } from '../../support/web.ts'

const execute = promisify(execFile)
const spreadsheet = '/usr/bin/soffice'
const skip = existsSync(spreadsheet)
  ? false
  : 'needs LibreOffice: apt-get install --no-install-recommends libreoffice-calc-nogui'

const tables = ['attackers', 'top?by=user', 'findings', 'hosts', 'log', 'reports'] as const

let web: Web
let folder: string
let token = ''

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cibot-hostile-'))
  web = await startWeb()
  token = web.people.addToken('script') ?? ''
  const nas = enrol(web.db, 'nas', noon)
  nas.tell(
    ...hostileNames.map((user) => ({
      kind: 'attempt' as const,
      at: noon,
      ip: '203.0.113.9',
      user,
    })),
    // A log host relays what a machine calls itself, and sshd logs the name its address claims.
    ...hostileNames.map((host) => ({ kind: 'probe' as const, at: noon, host, ip: host })),
    ...hostileNames.map((text) => ({ kind: 'change' as const, at: noon, text, program: text })),
  )
  for (const name of hostileNames) web.log.append('trouble', `${name}: not known`)
  const report = web.db.prepare(
    `INSERT INTO report (kind, from_n, to_n, from_gap, to_gap, from_at, to_at, digest)
     VALUES ('period', 0, 1, 0, 0, ?, ?, '{}')`,
  )
  const part = web.db.prepare(
    `INSERT INTO outbox (report, part, parts, text, entities, loud, state, due)
     VALUES (?, 1, 1, ?, '[]', 0, 'sent', 0)`,
  )
  for (const name of hostileNames) part.run(report.run(noon, noon).lastInsertRowid, name)
})
after(async () => {
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})

async function csv(table: string): Promise<string> {
  const path = `/api/v1/${table}${table.includes('?') ? '&' : '?'}format=csv`
  const answer = await web.ask(path, { headers: { authorization: `Bearer ${token}` } })
  return answer.text()
}

test('in a spreadsheet what attackers typed is text: every cell of every table', async () => {
  for (const table of tables) {
    const text = await csv(table)
    assert.doesNotMatch(text.slice(1).replaceAll('\r\n', ''), acting, table)
    for (const line of text.trimEnd().split('\r\n')) {
      assert.doesNotMatch(line, /(^|,)"?\s*[=+\-@|%＝＋－＠]/, `${table}: ${line.slice(0, 200)}`)
    }
  }
})

test('opened by LibreOffice: no formula, no link, as many rows and columns as were written', {
  skip,
}, async () => {
  const texts = new Map<string, string>()
  for (const table of tables) texts.set(table.split('?')[0] ?? table, await csv(table))
  for (const [name, text] of texts) writeFileSync(join(folder, `${name}.csv`), text)
  await execute(
    spreadsheet,
    [
      `-env:UserInstallation=file://${folder}/profile`,
      ...['--headless', '--convert-to', 'fods', '--infilter=CSV:44,34,76,1', '--outdir', folder],
      ...[...texts.keys()].map((name) => join(folder, `${name}.csv`)),
    ],
    { timeout: 180_000 },
  )
  for (const [name, text] of texts) {
    const opened = readFileSync(join(folder, `${name}.fods`), 'utf8')
    assert.doesNotMatch(opened, /table:formula=|<text:a |xlink:href="http/, name)
    const cells = opened.slice(opened.indexOf('<table:table '))
    const rows = [
      ...cells.matchAll(/<table:table-row[^>]*>(?!\s*<table:table-cell[^>]*\/>\s*<\/)/g),
    ]
    assert.equal(rows.length, text.trimEnd().split('\r\n').length, `${name}: rows`)
    assert.ok(!cells.includes('<img '), name)
  }
})

test('as JSON it is what was typed, each under its own name, __proto__ as any other', async () => {
  const { body } = await web.read('/api/v1/attackers?ip=203.0.113.9')
  const { users } = body.attackers[0]
  assert.deepEqual(Object.keys(users).sort(), [...hostileNames].sort())
  assert.equal(Object.getOwnPropertyDescriptor(users, '__proto__')?.value, 1)
  for (const user of [hostile.override, hostile.lines, hostile.formula]) {
    const found = await web.read(`/api/v1/findings?user=${encodeURIComponent(user)}`)
    assert.equal(found.body.findings.length, 1)
    assert.equal(found.body.findings[0].user, user)
  }
})

test('an event of the live log is one event, whatever is in its names', async () => {
  const text = await (
    await web.ask('/api/v1/findings?limit=500', { headers: { authorization: `Bearer ${token}` } })
  ).text()
  assert.ok(!/[\r\n]/.test(text), 'a line end would end an event')
})
