import { userInfo } from 'node:os'

/** Why a log cannot be read, by the code of the error, and what to do; empty where nothing is wrong. */
export function cannotRead(path: string, code: string | null): string {
  switch (code) {
    case null:
      return ''
    case 'ENOENT':
    case 'ENOTDIR':
      return `${path} does not exist; it will be read when it appears. On a host without a syslog daemon set the source to "journal".`
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read by ${userName()}; add the user to the group adm (usermod -aG adm ${userName()}), or set the source to "journal".`
    case 'EISDIR':
      return `${path} is not a file; name the log file itself.`
    default:
      return `${path} cannot be read (${code}).`
  }
}

/**
 * Whether journalctl says that it may show only some of the journal. To read on with those would
 * move the position past all the others.
 */
export function isPartial(words: string): boolean {
  return /insufficient permissions|not seeing messages|permission denied/i.test(words)
}

/** What to say of a rotated file packed in a way that cannot be read. */
export function packedTrouble(names: readonly string[]): string {
  const some = names.slice(0, 3).join(', ') + (names.length > 3 ? ' …' : '')
  return `${some} cannot be unpacked here (gzip and zstd can) and will not be read.`
}

/** Why journalctl ended or reads nothing, by its own last words or by the error that kept it from starting. */
export function cannotReadJournal(why: string | Error): string {
  if (why instanceof Error) {
    return 'code' in why && why.code === 'ENOENT'
      ? 'journalctl is not installed; set the source to the path of a log file.'
      : `journalctl does not start: ${why.message}`
  }
  if (isPartial(why)) {
    return `The journal may not be read by ${userName()}; add the user to the group systemd-journal (usermod -aG systemd-journal ${userName()}).`
  }
  const words = why
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(-300)
  return words === '' ? 'journalctl ended; it is started again.' : `journalctl says: ${words}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without a name, as systemd's DynamicUser may be.
    return `user ${process.getuid?.() ?? ''}`
  }
}
