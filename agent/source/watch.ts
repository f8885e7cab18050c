import { type FSWatcher, watch } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Notices that a log or its rotation changed. */
export type LogWatch = {
  /** Forgets everything noticed so far: called before the rotation is listed, never after. */
  listing: () => void
  /** Forgets that there is more to read: called before a file is read, never after. */
  reading: () => void
  /** Whether names came, went or moved since `listing`. */
  renamed: () => boolean
  /** Resolves when anything was noticed since, after `within` ms at the latest, or at the end. */
  next: (within?: number) => Promise<void>
  /** Resolves after `ms`, or at the end. */
  pause: (ms: number) => Promise<void>
  close: () => void
}

/**
 * Watches the folder of the log at `path` (of its target, where it is a symbolic link). A look every
 * `poll` ms stands in where inotify says nothing: network file systems, a folder that was replaced or
 * does not exist yet, a deleted file that is still written to.
 */
export async function watchLog(path: string, poll: number, signal: AbortSignal): Promise<LogWatch> {
  let [changed, renamed] = [true, true]
  let wake = () => {}
  let watcher: FSWatcher | null = null
  let place = ''
  const notice = (names: boolean) => {
    changed = true
    renamed ||= names
    wake()
  }
  const establish = async () => {
    const now = await placeOf(path)
    if (now.key !== place || watcher === null) {
      watcher?.close()
      watcher = openWatcher(now.folder, now.base, notice, () => (watcher = null))
      if (now.key !== place || watcher !== null) notice(true)
      place = now.key
    }
  }
  const ended = () => wake()
  signal.addEventListener('abort', ended)
  await establish()
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
      if (watcher === null) await establish()
      if (changed || renamed || signal.aborted) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(within, poll))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wake = () => {}
      if (!changed && !signal.aborted) {
        await establish()
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

/** What must stay the same for the watcher to be worth anything, and for the listing to hold. */
async function placeOf(path: string): Promise<{ folder: string; base: string; key: string }> {
  const real = await realpath(path).catch(() => path)
  const folder = dirname(real)
  const [inside, file] = await Promise.all([inodeOf(folder), inodeOf(real)])
  return { folder, base: basename(real), key: `${real} ${inside} ${file}` }
}

async function inodeOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null)
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
