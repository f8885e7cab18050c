/** Who is told that nothing can be stored: the program's own log, the fleet's log, and the person. */
import type { Logger } from '../../shared/log.ts'
import type { Send } from '../report/telegram.ts'
import type { Database } from '../store/database.ts'
import { type Disk, type DiskTrouble, watchDisk } from '../store/disk.ts'
import { openLog } from '../store/log.ts'

export type StorageOptions = {
  own: Logger
  /** ms UTC. */
  now: () => number
  send: Send
  chat: () => Promise<string>
}

/** A disk on the edge of full would otherwise ring every few seconds. */
const quietFor = 6 * 3_600_000
const retryEvery = 60_000

/** Watches over the database of a fleet. */
export function openStorage(db: Database, { own, now, send, chat }: StorageOptions): Disk {
  const log = openLog(db, now)
  let told = Number.NEGATIVE_INFINITY
  let tried = Number.NEGATIVE_INFINITY
  // Past the outbox, which needs the disk: a lost or doubled message is better than none here.
  const tell = async (text: string): Promise<boolean> => {
    const { kind } = await send({ chat: await chat(), text, entities: [], silent: false })
    return kind === 'sent' || kind === 'unsure'
  }
  const raise = (trouble: DiskTrouble): void => {
    if (now() - told < quietFor || now() - tried < retryEvery) return
    tried = now()
    tell(sentence(trouble)).then(
      (arrived) => {
        if (arrived) told = now()
      },
      (error: unknown) => own.error({ error: String(error) }, 'the person could not be told'),
    )
  }
  const disk = watchDisk(db, {
    now,
    refused: (trouble) => {
      own.error({ why: trouble.why }, sentence(trouble))
      raise(trouble)
    },
    taken: ({ since }) => {
      const minutes = Math.max(1, Math.round((now() - since) / 60_000))
      log.append('trouble', `${full} for ${minutes} min; it stores again, and the agents catch up`)
    },
  })
  return {
    ...disk,
    look: () => {
      const before = disk.trouble()
      if (before === null) return
      disk.look()
      if (disk.trouble() !== null) return raise(before)
      own.info('the collector can store again')
      if (told >= before.since) {
        void tell('The collector stores again. The agents are sending what had to wait.').catch(
          (error: unknown) => own.error({ error: String(error) }, 'the person could not be told'),
        )
      }
    },
  }
}

const full = 'the collector could store nothing'

/** What a person is told while it lasts. */
export function sentence({ why }: DiskTrouble): string {
  return `LOOK: the collector can store nothing (${why}). Make room on its disk; nothing is lost as long as the hosts keep their logs, and it goes on by itself.`
}
