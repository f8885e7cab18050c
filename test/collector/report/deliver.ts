/**
 * A process of its own that delivers a database's reports to a Bot API: waits for a line on stdin,
 * then sends until nothing is due. Arguments: database, apiRoot, token, topic (tells the processes
 * apart), ms its clock is ahead.
 */
import { once } from 'node:events'
import { setTimeout as timer } from 'node:timers/promises'
import { openOutbox } from '../../../collector/report/outbox.ts'
import { openTelegram } from '../../../collector/report/telegram.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openReports } from '../../../collector/store/reports/reports.ts'

const [path = '', apiRoot = '', token = '', topic = '0', ahead = '0'] = process.argv.slice(2)
const db = openDatabase(path)
const reports = openReports(db)
let skew = Number(ahead)
const outbox = openOutbox({
  reports,
  send: openTelegram({ apiRoot, token, topic: Number(topic) }),
  clock: {
    now: () => Date.now() + skew,
    wait: async (ms) => {
      if (ms === Number.POSITIVE_INFINITY) outbox.stop()
      // Alone at the outbox (its clock is ahead), it need not sit out every wait.
      if (skew > 0 && Number.isFinite(ms)) skew += ms
      await timer(Math.min(ms, 10))
    },
  },
  random: Math.random,
  owner: `process ${process.pid}`,
  chat: '-5',
  note: () => {},
})
process.stdout.write('ready\n')
await once(process.stdin, 'data')
await outbox.run()
process.exit(0)
