import { openLogWriter } from './log-writer.ts'

/**
 * A syslog daemon and its logrotate in a process of their own: writes numbered lines into a folder
 * as fast as it can, renaming every so often and packing what is older.
 * Arguments: folder, lines, lines per file.
 */
const [folder = '', lines = '0', perFile = '1'] = process.argv.slice(2)
const writer = openLogWriter(folder)
const atOnce = 37
for (let line = 0; line < Number(lines); line += atOnce) {
  const last = Math.min(line + atOnce, Number(lines))
  const texts = Array.from({ length: last - line }, (_, at) => `line ${line + at}\n`).join('')
  // In two writes, so that a reader sees half a line at times.
  writer.append(texts.slice(0, -5))
  writer.append(texts.slice(-5))
  if (Math.floor(last / Number(perFile)) > Math.floor(line / Number(perFile))) {
    writer.rename()
    await writer.pack(2).catch(() => {})
  }
}
