/** Real logs to begin from: our own recordings, the collected lines of other projects, our shapes' examples. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const recordings = new URL('../recordings/', import.meta.url)
const corpora = new URL('../../../shared/corpora/', import.meta.url)
const sources = new URL('../../agent/parse/', import.meta.url)

const linesTogether = 24

/** Pieces of logs, a few lines each, as Latin-1: one character is one byte. */
export function logSeeds(): string[] {
  const files = [
    ...filesIn(recordings),
    ...filesIn(new URL('odd/', recordings)),
    ...(existsSync(corpora) ? filesIn(corpora).filter((file) => !/cases/.test(file.href)) : []),
  ].filter(({ pathname }) => /\.(?:log|json|export)$/.test(pathname) && !/truth/.test(pathname))
  return [...files.flatMap(piecesOf), ...together(collected()), ...together(examples())]
}

/** Text that means something to a parser of logs, to be put anywhere. */
export const logWords: readonly string[] = [
  ' from ',
  ' from 203.0.113.66',
  ' port 22',
  ' ssh2',
  ': ',
  '[preauth]',
  '[1]: ',
  'sshd[7]: ',
  'sshd-session[7]: ',
  'sudo: ',
  'invalid user ',
  'Invalid user ',
  'Failed password for ',
  'Failed none for ',
  'Accepted publickey for root from ',
  'authenticating user ',
  'rhost=',
  ' user=',
  'ruser=',
  'message repeated 3 times: [ ',
  'last message repeated 4 times',
  'Connection closed by ',
  'Received disconnect from ',
  ':11: Bye',
  'pam_unix(sshd:auth): ',
  'authentication failure; ',
  '::ffff:1.2.3.4',
  'fe80::1%lo',
  '[::1]',
  '256.1.1.1',
  '192.030.0.6',
  '__proto__',
  'constructor',
  'toString',
  '\\303\\251',
  '\\\\',
  '\\033[31m',
  '\u001b[31m',
  '\u00e2\u0080\u00ae',
  '\u00ff\u00fe',
  '\0',
  '\r',
  '\t',
  '  ',
  '\n',
  '{',
  '}',
  '"MESSAGE":"',
  '"MESSAGE":[255,0,27]',
  'null',
  'MESSAGE\n',
  '\n\n',
  'Feb 29 23:59:60 ',
  'Jan  1 00:00:00 ',
  '2026-11-22T17:00:00.000000+01:00 ',
  '1970-01-01T00:00:00Z ',
  '9999-12-31T23:59:59Z ',
  'UID=',
  'imuxsock lost 7 messages',
  'penalty: failed authentication',
  'COMMAND=',
  "'",
  '<',
  '>',
  ';',
]

function filesIn(folder: URL): URL[] {
  return readdirSync(folder).map((name) => new URL(name, folder))
}

function piecesOf(file: URL): string[] {
  const text = readFileSync(file, 'latin1')
  if (file.pathname.endsWith('.export')) return text.match(/(?:[^\n]+\n)+\n/g)?.slice(0, 100) ?? []
  const lines = text.split('\n')
  const step = Math.max(linesTogether, Math.ceil(lines.length / 100))
  return Array.from({ length: Math.ceil(lines.length / step) }, (_, at) =>
    lines.slice(at * step, at * step + linesTogether).join('\n'),
  )
}

function together(lines: readonly string[]): string[] {
  return Array.from({ length: Math.ceil(lines.length / linesTogether) }, (_, at) =>
    lines.slice(at * linesTogether, (at + 1) * linesTogether).join('\n'),
  )
}

function collected(): string[] {
  if (!existsSync(corpora)) return []
  return filesIn(corpora)
    .filter(({ pathname }) => pathname.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
    .map((row) => Buffer.from((JSON.parse(row) as { line: string }).line).toString('latin1'))
}

// Read off the sources as text, so that a table that is moved or renamed is still found.
function examples(): string[] {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  const tables = files.filter((name) => name.endsWith('.ts')).map((name) => new URL(name, sources))
  return tables.flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    const shapes = text.matchAll(/program: '([^']+)',\s+example:\s+(['"`])((?:\\.|(?!\2).)*)\2/g)
    return [...shapes].map(
      ([, program, , example = '']) =>
        `Nov 22 17:00:00 nas ${program}[7]: ${example.replaceAll(/\\(.)/g, '$1')}`,
    )
  })
}
