/**
 * Both programs' working parts without their processes, from this source tree or from a changed copy
 * of it, so that a whole fleet with its edges in a test's hands fits into one process.
 */

export type Programs = Awaited<ReturnType<typeof loadPrograms>>

const here = new URL('../../', import.meta.url)

/** Loads them from the source tree at `root`. */
export async function loadPrograms(root: URL = here) {
  const from = <T>(path: string) => import(new URL(path, root).href) as Promise<T>
  return {
    follow: await from<typeof import('../../agent/follow.ts')>('agent/follow.ts'),
    logFile: await from<typeof import('../../agent/source/log-file.ts')>(
      'agent/source/log-file.ts',
    ),
    window: await from<typeof import('../../agent/link/window.ts')>('agent/link/window.ts'),
    wire: await from<typeof import('../../shared/wire.ts')>('shared/wire.ts'),
    database: await from<typeof import('../../collector/store/database.ts')>(
      'collector/store/database.ts',
    ),
    agents: await from<typeof import('../../collector/store/agents.ts')>(
      'collector/store/agents.ts',
    ),
    intake: await from<typeof import('../../collector/store/intake/intake.ts')>(
      'collector/store/intake/intake.ts',
    ),
    reports: await from<typeof import('../../collector/store/reports/reports.ts')>(
      'collector/store/reports/reports.ts',
    ),
    log: await from<typeof import('../../collector/store/log.ts')>('collector/store/log.ts'),
    feed: await from<typeof import('../../collector/fleet/feed.ts')>('collector/fleet/feed.ts'),
    fleetLog: await from<typeof import('../../collector/fleet/fleet-log.ts')>(
      'collector/fleet/fleet-log.ts',
    ),
    ingest: await from<typeof import('../../collector/intake/ingest.ts')>(
      'collector/intake/ingest.ts',
    ),
    conversation: await from<typeof import('../../collector/intake/conversation.ts')>(
      'collector/intake/conversation.ts',
    ),
    report: await from<typeof import('../../collector/report/report.ts')>(
      'collector/report/report.ts',
    ),
    outbox: await from<typeof import('../../collector/report/outbox.ts')>(
      'collector/report/outbox.ts',
    ),
  }
}
