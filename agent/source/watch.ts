import { type FSWatcher, realpathSync, statfsSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { orElse } from './files.ts'
import { isMountPoint } from './mount.ts'

/** Notices that a log or its rotation changed. */
export type LogWatch = {
  /** Forgets everything noticed so far: called before the rotation is listed, never after. */
  listing: () => void
  /** Forgets that there is more to read: called before a file is read, never after. */
  reading: () => void
  /** Whether names came, went or moved since `listing`. */
  renamed: () => boolean
  /**
   * Resolves when anything was noticed since, or at the end, or when it is time to look all the same:
   * after `within` ms, and no later than the slow look where inotify says nothing.
   */
  next: (within?: number) => Promise<void>
  /** Resolves after `ms`, or at the end. */
  pause: (ms: number) => Promise<void>
  close: () => void
}

/**
 * Watches the folder of the log at `path` (of its target, where it is a symbolic link). A look every
 * `poll` ms stands in where inotify says nothing: network file systems, a symbolic link on the way that
 * may be turned elsewhere, a folder that does not exist yet.
 */
export function watchLog(path: string, poll: number, signal: AbortSignal): LogWatch {
  let [changed, renamed] = [true, true]
  let wake = () => {}
  let watcher: FSWatcher | null = null
  let place = ''
  let blind = true
  const notice = (names: boolean) => {
    changed = true
    renamed ||= names
    wake()
  }
  const establish = () => {
    const now = placeOf(path)
    if (now.key !== place || watcher === null) {
      watcher?.close()
      watcher = openWatcher(now.folder, now.base, notice, () => (watcher = null))
      if (now.key !== place || watcher !== null) notice(true)
      place = now.key
      blind = watcher === null || !isTold(path, now)
    }
  }
  const ended = () => wake()
  signal.addEventListener('abort', ended)
  establish()
  return {
    listing() {
      changed = false
      renamed = false
    },
    reading() {
      changed = false
    },
    renamed: () => renamed,
    async next(within = poll) {
      if (watcher === null) establish()
      if (changed || renamed || signal.aborted) return
      await new Promise<void>((resolve) => {
        const blindly = watcher === null || blind
        const timer = setTimeout(resolve, blindly ? Math.min(within, poll) : within)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wake = () => {}
      if (!changed && !signal.aborted) {
        establish()
        changed = true
      }
    },
    async pause(ms) {
      await delay(ms, undefined, { signal }).catch(() => {})
    },
    close() {
      signal.removeEventListener('abort', ended)
      watcher?.close()
    },
  }
}

type Place = { real: string; folder: string; base: string; key: string }

/** What must stay the same for the watcher to be worth anything, and for the listing to hold. */
function placeOf(path: string): Place {
  const real = orElse(path, () => realpathSync.native(path))
  const folder = dirname(real)
  return { real, folder, base: basename(real), key: `${real} ${inodeOf(folder)} ${inodeOf(real)}` }
}

/**
 * Whether inotify tells of all that can happen to the log: no link stands in the way, what is written to it
 * by another name is not mounted over this one, and only this machine changes its file system.
 */
function isTold(path: string, { real, folder }: Place): boolean {
  if (real !== path || isMountPoint(real)) return false
  return localKinds.has(orElse(0, () => statfsSync(folder).type))
}

/** statfs(2), linux/magic.h: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, overlayfs. */
const localKinds = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x01021994, 0x794c7630,
])

function inodeOf(path: string): string {
  const found = orElse(null, () => statSync(path, { bigint: true }))
  return found === null ? '' : `${found.dev}:${found.ino}`
}

function openWatcher(
  folder: string,
  base: string,
  notice: (names: boolean) => void,
  lost: () => void,
): FSWatcher | null {
  try {
    const watcher = watch(folder, (event, name) => {
      // The folder's own name stands for the folder itself: it was moved or deleted.
      const gone = event === 'rename' && name === basename(folder)
      if (gone) close()
      if (gone || name === null || name.startsWith(base)) notice(event === 'rename')
    })
    const close = () => {
      watcher.close()
      lost()
    }
    watcher.on('error', close)
    return watcher
  } catch {
    // No such folder yet, or no inotify watches left: the slow look has to do.
    return null
  }
}
