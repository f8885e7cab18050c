import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { backup } from '../../../collector/commands/backup.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { temporaryFolder } from '../../support/log-writer.ts'

const { path: folder, remove } = temporaryFolder()
after(remove)

const [database, copy] = ['cibot.db', 'copy.db'] as const

test('where there is no database, none is made and nothing is called a backup', () => {
  const missing = join(folder, 'elsewhere', database)
  assert.throws(() => backup(missing, join(folder, copy)), /there is no database .*elsewhere/)
  assert.deepEqual([existsSync(missing), existsSync(join(folder, copy))], [false, false])
})

test('a backup that fails leaves nothing behind, and the next one may have its name', () => {
  const [from, to] = [join(folder, database), join(folder, copy)]
  openDatabase(from).close()
  const full = () => ({
    backup: (path: string) => {
      writeFileSync(path, 'half of it')
      throw new Error('database or disk is full')
    },
  })
  assert.throws(() => backup(from, to, full), /cannot write the backup .*disk is full/)
  assert.equal(existsSync(to), false)
  assert.match(backup(from, to), /holds the whole collector.* remove .*cibot\.db-wal and /)
  assert.throws(() => backup(from, to), /exists already/)
  openDatabase(to).close()
})
