import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { openDatabase } from '../../../collector/store/database.ts'
import { migrations } from '../../../collector/store/migrations.ts'
import { dropOldCopies } from '../../../collector/store/schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'cibot-schema-'))
after(() => rmSync(folder, { recursive: true }))
const before = migrations.length - 1

test('what a database was before it is brought up to date stays beside it, whole', () => {
  const path = older('whole.db')
  openDatabase(path).close()
  assert.equal(schemaIn(path), migrations.length)
  const copy = new DatabaseSync(`${path}.schema-${before}`)
  assert.equal(copy.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  assert.equal(copy.prepare('SELECT name FROM agent').get()?.['name'], 'attic')
  copy.close()
  assert.equal(schemaIn(`${path}.schema-${before}`), before)
})

test('a new database and one that is up to date leave no copy', () => {
  const path = join(folder, 'new.db')
  openDatabase(path).close()
  openDatabase(path).close()
  for (let schema = 0; schema <= migrations.length; schema++)
    assert.ok(!existsSync(`${path}.schema-${schema}`))
})

test('the older program names the copy that it can go on with', () => {
  const path = join(folder, 'newer.db')
  const db = openDatabase(path)
  db.prepare('VACUUM INTO ?').run(`${path}.schema-${migrations.length}`)
  db.prepare(`PRAGMA user_version = ${migrations.length + 1}`).run()
  db.close()
  assert.throws(() => openDatabase(path), {
    name: 'DatabaseError',
    message: new RegExp(`put ${path}\\.schema-${migrations.length} in its place$`),
  })
})

test('where the copy cannot be made the database stays as it is', () => {
  const path = older('full.db')
  mkdirSync(`${path}.schema-${before}.${process.pid}`)
  assert.throws(() => openDatabase(path), {
    name: 'DatabaseError',
    message: /cannot copy the database/,
  })
  assert.equal(schemaIn(path), before)
})

test('the copy goes after a week', () => {
  const path = older('week.db')
  openDatabase(path).close()
  const copy = `${path}.schema-${before}`
  const made = 1_790_000_000_000
  utimesSync(copy, made / 1000, made / 1000)
  dropOldCopies(path, made + 6 * 86_400_000)
  assert.ok(existsSync(copy))
  dropOldCopies(path, made + 8 * 86_400_000)
  assert.ok(!existsSync(copy))
})

function older(name: string): string {
  const path = join(folder, name)
  const db = new DatabaseSync(path)
  for (const sql of migrations.slice(0, before)) db.exec(sql)
  db.exec(
    `PRAGMA user_version = ${before}; INSERT INTO agent (name, key, added) VALUES ('attic', 'k', 1)`,
  )
  db.close()
  return path
}

function schemaIn(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true })
  const { user_version: found } = db.prepare('PRAGMA user_version').get() ?? {}
  db.close()
  return Number(found)
}
