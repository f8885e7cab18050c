/**
 * The collector's machine loses power: of its database's log (WAL) only what was on disk by then is
 * left, and of the rest any part. A trace of a real process says what it wrote, what it had fsynced and
 * what it had acknowledged; each state that a cut could leave is opened and held against that. With
 * synchronous = NORMAL, which fsyncs no commit, the same must fail.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Event, openTracedFile, traceOf } from './disk-trace.ts'

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const patience = { timeout: 300_000 }

test(
  'a power cut at any byte of the database’s log takes no acknowledged finding',
  patience,
  (t) => {
    const tried = cutEverywhere(t, '', Number.POSITIVE_INFINITY)
    if (tried === undefined) return
    t.diagnostic(`${tried.cuts} states of the disk, ${tried.acknowledged} findings acknowledged`)
    assert.deepEqual(tried.harm, [])
    assert.ok(tried.cuts > 1_000, 'hardly anything was cut')
  },
)

test('control: with synchronous = NORMAL a power cut does', patience, (t) => {
  const tried = cutEverywhere(t, 'NORMAL', 100)
  if (tried === undefined) return
  t.diagnostic(`${tried.harm.length} of ${tried.cuts} states lack what was acknowledged`)
  assert.ok(tried.harm.some((one) => /acknowledged/.test(one)))
})

type Tried = { cuts: number; acknowledged: number; harm: string[] }

// Ends after so many harms: the control need not count them all.
function cutEverywhere(t: TestContext, synchronous: string, enough: number): Tried | undefined {
  const folder = mkdtempSync(join(memory, 'cibot-power-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const database = join(folder, 'traced.db')
  const program = fileURLToPath(new URL('store-and-tell.ts', import.meta.url))
  const traced = traceOf(join(folder, 'trace'), [process.execPath, program, database, synchronous])
  if (typeof traced === 'string') {
    t.skip(traced)
    return undefined
  }
  return replay(traced, database, join(folder, 'cut.db'), enough)
}

function replay(events: readonly Event[], database: string, image: string, enough: number): Tried {
  const [main, wal] = [openTracedFile(), openTracedFile()]
  const tried: Tried = { cuts: 0, acknowledged: -1, harm: [] }
  const cut = (place: string, bytes: number, copied: number) => {
    writeFileSync(image, main.cutAt(copied))
    writeFileSync(`${image}-wal`, wal.cutAt(bytes))
    rmSync(`${image}-shm`, { force: true })
    tried.cuts += 1
    const wrong = wrongWith(image, tried.acknowledged)
    if (wrong !== '') tried.harm.push(`${place}: ${wrong}`)
  }
  for (const [number, event] of events.entries()) {
    if (tried.harm.length >= enough) break
    if (event.kind === 'said') {
      tried.acknowledged = Number(event.text.split(' ')[1])
      // At this moment anything between nothing and all of what is not fsynced may be on disk.
      for (const end of wal.boundaries()) {
        for (const bytes of [end - 1, end, end + 1]) cut(`event ${number}`, bytes, 0)
      }
      if (main.unsure() > 0) cut(`event ${number}, copied back`, wal.unsure(), main.unsure())
      continue
    }
    const file = event.file === database ? main : event.file === `${database}-wal` ? wal : undefined
    file?.take(event)
    if (tried.acknowledged < 0 || file === undefined || event.kind !== 'write') continue
    const copied = main.unsure()
    if (file === main) cut(`event ${number}, copying back`, wal.unsure(), copied - 1)
    else {
      const end = wal.unsure()
      for (const bytes of [end - event.bytes.length + 1, end - 1, end]) {
        cut(`event ${number}`, bytes, copied)
      }
    }
  }
  return tried
}

/** What is wrong with a database after the cut; empty where nothing is. */
function wrongWith(path: string, acknowledged: number): string {
  const db = new DatabaseSync(path)
  try {
    const check = db.prepare('PRAGMA quick_check').get()?.['quick_check']
    if (check !== 'ok') return `damaged: ${check}`
    const row = db
      .prepare(
        `SELECT count(*) AS found, coalesce(max(offset), -100) / 100 + 1 AS upto,
           (SELECT coalesce(max(mark), -1) FROM file) AS mark,
           (SELECT coalesce(max(n), 0) FROM finding) - (SELECT through FROM summed) AS ahead
         FROM finding`,
      )
      .get()
    const { found, upto, mark, ahead } = row as Record<string, number>
    if ((found ?? 0) < acknowledged) return `${found} findings of ${acknowledged} acknowledged`
    if (found !== upto) return `${found} findings, the last of them number ${upto}`
    // A mark above what is stored would let the rest be taken for repeats.
    if (mark !== undefined && mark > (upto ?? 0) * 100) return `a mark at ${mark} of ${upto}`
    return ahead !== undefined && ahead < 0 ? 'totals of findings that are not there' : ''
  } catch (error) {
    return String(error)
  } finally {
    db.close()
  }
}
