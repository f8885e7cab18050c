/** Where the logging chain itself says that lines are missing: a count that follows is "at least". */
import type { Event } from '../event.ts'
import { type Shape, tableOf } from '../shape.ts'

function lost(text: string, count?: string): Event {
  const event: Event = { kind: 'loss', text }
  if (count !== undefined) event.count = Number(count)
  return event
}

type Parts = [string, string, string, string, RegExp, Shape['event']]

function shape(...[name, program, source, example, expression, event]: Parts): Shape {
  return { name, source, program, example, expression, event }
}

export const LOSS = tableOf([
  shape(
    'lost',
    'rsyslogd',
    'rsyslog runtime/ratelimit.c',
    'imuxsock[pid: 1234, name: sshd] from <sshd:info>: 120 messages lost due to rate-limiting (500 allowed within 5 seconds)',
    /^im.*: (\d{1,9}) messages lost due to rate-limiting/,
    (match) => lost(`rsyslog dropped ${match[1]} messages (rate limit)`, match[1]),
  ),
  shape(
    'lost (old)',
    'rsyslogd-2177',
    'rsyslog plugins/imuxsock/imuxsock.c, until 7',
    'imuxsock lost 120 messages from pid 1234 due to rate-limiting',
    /^imuxsock lost (\d{1,9}) messages from pid (\d+) due to rate-limiting/,
    (match) =>
      lost(`rsyslog dropped ${match[1]} messages of pid ${match[2]} (rate limit)`, match[1]),
  ),
  shape(
    'begins to lose',
    'rsyslogd',
    'rsyslog runtime/ratelimit.c; plugins/imuxsock/imuxsock.c',
    'imuxsock[pid: 1234, name: sshd] from <sshd:info>: begin to drop messages due to rate-limiting',
    /^im(?:.*: begin|uxsock begins) to drop messages (?:from pid \d+ )?due to rate-limiting/,
    () => lost('rsyslog begins to drop messages (rate limit)'),
  ),
  shape(
    'not written',
    'rsyslogd',
    'rsyslog runtime/stream.c',
    "file '/var/log/auth.log'[7] write error - see https://www.rsyslog.com/solving-rsyslog-write-errors/ for help OS error: No space left on device",
    /^file '([^']*)'(?:\[\d+\])? write error/,
    (match) => lost(`rsyslog could not write ${match[1]}`),
  ),
  shape(
    'suppressed',
    'systemd-journald',
    'systemd src/journal/journald-server.c',
    'Suppressed 102 messages from ssh.service',
    /^Suppressed (\d{1,9}) messages from (\S+)$/,
    (match) => lost(`journald suppressed ${match[1]} messages from ${match[2]}`, match[1]),
  ),
  shape(
    'missed',
    'systemd-journald',
    'systemd src/journal/journald-kmsg.c',
    'Missed 12 kernel messages',
    /^Missed (\d{1,9}) kernel messages$/,
    (match) => lost(`journald missed ${match[1]} kernel messages`, match[1]),
  ),
  shape(
    'overrun',
    'kernel',
    'systemd src/journal/journald-kmsg.c',
    'systemd-journald[1]: /dev/kmsg buffer overrun, some messages lost.',
    /^(?:systemd-journald\[\d+\]: )?\/dev\/kmsg buffer overrun, some messages lost\.$/,
    () => lost('the buffer of the kernel log overran'),
  ),
])
