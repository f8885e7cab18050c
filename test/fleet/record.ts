import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { attackTools } from './attacks.ts'
import { attackers, campaign, finale } from './campaign.ts'
import { type Ledger, openLedger, type Truth } from './deeds.ts'
import { canBoot, openLab } from './lab.ts'
import { oddities } from './odd.ts'
import type { HostPlan } from './tree.ts'

const fields =
  'MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_FACILITY,PRIORITY,_PID,SYSLOG_PID,_UID,_COMM,_EXE,_HOSTNAME,_BOOT_ID,_TRANSPORT'

/**
 * Makes the recordings anew: `node test/fleet/record.ts [main|odd]`, as root, some ten minutes. With
 * CIBOT_TRACES=FILE it also writes what each deed left in the log, to be looked through by eye.
 */
async function record(which: string | undefined): Promise<void> {
  const reason = canBoot(attackTools)
  if (reason !== undefined) throw new Error(reason)
  const recordings = join(import.meta.dirname, '../recordings')
  if (which !== 'odd') await play(campaign, recordings, finale)
  if (which !== 'main') await play(oddities, join(recordings, 'odd'))
}

async function play(
  parts: typeof campaign,
  directory: string,
  end?: (ledger: Ledger) => Promise<void>,
): Promise<void> {
  const lab = await openLab({ hosts: parts.map(({ plan }) => plan), attackers })
  const ledger = openLedger(lab)
  try {
    for (const { plan } of parts) console.log(await versions(ledger, plan))
    await Promise.all(parts.map(({ act }) => act(ledger)))
    await end?.(ledger)
    mkdirSync(directory, { recursive: true })
    const kept = parts.map(({ plan }) => keep(ledger, plan, directory))
    const deeds = ledger.deeds.toSorted((a, b) => a.at.localeCompare(b.at))
    const truth: Truth = { recordings: await Promise.all(kept), deeds }
    writeFileSync(join(directory, 'truth.json'), `${JSON.stringify(truth, null, 2)}\n`)
  } finally {
    const traces = process.env['CIBOT_TRACES']
    if (traces !== undefined) writeFileSync(`${traces}`, traceText(ledger), { flag: 'a' })
    lab.close()
  }
}

async function keep(
  { lab }: Ledger,
  { name, kind, zone = 'Etc/UTC' }: HostPlan,
  directory: string,
): Promise<Truth['recordings'][number]> {
  if (kind !== 'journal') {
    const file = `${name}.auth.log`
    writeFileSync(join(directory, file), await lab.read(name, '/var/log/auth.log'))
    return { host: name, kind, zone, files: [file] }
  }
  const files = [`${name}.journal.json`, `${name}.journal.export`]
  for (const file of files) {
    const form = file.slice(file.lastIndexOf('.') + 1)
    const query = `journalctl --quiet --all -o ${form} --output-fields=${fields}`
    await lab.run(name, `${query} SYSLOG_FACILITY=4 SYSLOG_FACILITY=10 > /root/${file}`)
    const tree = lab.hosts.get(name)?.tree ?? ''
    writeFileSync(join(directory, file), await readFile(join(tree, 'root', file)))
  }
  return { host: name, kind, zone, files }
}

async function versions({ lab }: Ledger, { name }: HostPlan): Promise<string> {
  const packages = 'openssh-server rsyslog systemd libpam-modules sudo dropbear-bin'
  const query = `dpkg-query -W -f '\${Package} \${Version}, ' ${packages} 2>/dev/null; date +%Z`
  return `${name}: ${(await lab.run(name, query)).out.trim()}`
}

function traceText({ traces }: Ledger): string {
  return traces
    .map(
      ({ deed, host, said, lines }) => `\n## ${host}: ${deed}\n   > ${said}\n${lines.join('\n')}\n`,
    )
    .join('')
}

await record(process.argv[2])
