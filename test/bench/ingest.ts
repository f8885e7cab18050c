import { type Bench, figure, type Setting, type Table } from './bench.ts'
import { type Case, type IngestRow, ingest } from './ingest-case.ts'

/** How many findings a second the collector has on disk, and how long an agent waits to hear so. */
export const bench: Bench = {
  about:
    'The real collector as a process of its own, agents in another one: every frame through handshake, ' +
    'schema, marks, rows, alerts, totals and commit (synchronous=FULL). What is told has the mix of ' +
    'OpenSSH_2k.log, amendments included (they are not counted). Closed loop: every agent keeps 8 ' +
    'frames on their way. Open loop: frames are due at fixed times, and a frame’s time runs from then.',
  run: async (setting) => [
    await table('As much as is taken (closed loop)', closed(setting), aWhile, setting),
    await table('So much offered (open loop)', open(setting), longer, setting),
    await table('TLS on and off, in turn', tls(setting), aWhile, setting),
    await table('With findings stored already', stored(setting), longer, setting),
  ],
}

/** Seconds. Totals are written every few of them, which costs the more the more there is: some rounds. */
const [moment, aWhile, longer] = [
  { warm: 0.3, seconds: 0.5 },
  { warm: 3, seconds: 8 },
  { warm: 10, seconds: 30 },
]

const [plain, small] = [
  { tls: false, window: 8 },
  { agents: 10, batch: 10 },
]

function closed({ quick }: Setting): Case[] {
  if (quick) return [{ ...plain, ...small }]
  return [
    { ...plain, agents: 1, batch: 10 },
    { ...plain, agents: 10, batch: 10 },
    { ...plain, agents: 100, batch: 10 },
    { ...plain, agents: 1000, batch: 10 },
    { ...plain, agents: 1, batch: 250 },
    { ...plain, agents: 100, batch: 100 },
    { ...plain, agents: 1000, batch: 100, window: 2 },
    { ...plain, agents: 5000, batch: 10, window: 1 },
  ]
}

function open({ quick }: Setting): Case[] {
  if (quick) return [{ ...plain, ...small, rate: 1000 }]
  return [
    { ...plain, agents: 10, batch: 10, rate: 10_000 },
    { ...plain, agents: 1000, batch: 10, rate: 10_000 },
    { ...plain, agents: 1000, batch: 10, rate: 50_000 },
    { ...plain, agents: 5000, batch: 1, rate: 5000 },
    { ...plain, agents: 5000, batch: 10, rate: 50_000 },
  ]
}

function tls({ quick }: Setting): Case[] {
  if (quick) return [{ ...plain, ...small, tls: true }]
  const agents = { ...plain, agents: 100, batch: 10, rate: 10_000 }
  return [agents, { ...agents, tls: true }, agents, { ...agents, tls: true }]
}

function stored({ quick }: Setting): Case[] {
  if (quick) return [{ ...plain, ...small, stored: 2000 }]
  const offered = { ...plain, agents: 1000, batch: 10, rate: 20_000 }
  return [0, 100_000, 1_000_000, 5_000_000].map((stored) => ({ ...offered, stored }))
}

const columns = [
  'agents',
  'findings a frame',
  'TLS',
  'offered/s',
  'stored before',
  'durable/s',
  'ack p50 ms',
  'p99 ms',
  'CPU µs each',
  'busy',
  'disk B each',
  'KiB an agent',
  'RSS MiB',
]

async function table(
  title: string,
  cases: readonly Case[],
  long: typeof aWhile,
  { quick, say, programs }: Setting,
): Promise<Table> {
  const { warm, seconds } = quick ? moment : long
  const rows: IngestRow[] = []
  for (const [at, one] of cases.entries()) {
    say(`${title}, ${at + 1} of ${cases.length}: ${one.agents} agents`)
    rows.push(await ingest(programs.collector, one, warm, seconds))
  }
  return {
    title,
    columns,
    rows: rows.map(cells),
    notes: [`Measured for ${seconds} s, after ${warm} s.`, ...notes],
  }
}

const notes = [
  'CPU, disk (log and its checkpoints, as the kernel counts them) and busy (share of one core) are those of the collector alone.',
  'KiB an agent: growth of the collector’s resident memory while all of them connected; with few agents that is its own warming up.',
]

function cells(row: IngestRow): string[] {
  return [
    String(row.agents),
    String(row.batch),
    row.tls ? 'yes' : 'no',
    row.rate === undefined ? 'all it takes' : row.rate.toLocaleString('en'),
    (row.stored ?? 0).toLocaleString('en'),
    Math.round(row.findingsPerSecond).toLocaleString('en'),
    figure(row.p50),
    figure(row.p99),
    figure(row.cpuPerFinding),
    `${Math.round(row.busy * 100)} %`,
    figure(row.diskPerFinding),
    figure(row.perAgent),
    figure(row.memory),
  ]
}
