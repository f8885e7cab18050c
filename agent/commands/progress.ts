import { plain } from '../../shared/plain.ts'

/** Something being read; `total` is null where nobody knows how much there is. */
export type Measured = { name: string; total: number | null; taken: () => number }

/** Tells a person at a terminal how far a long reading has come; silent for the first second and for programs. */
export type Progress = {
  show: (measured: Measured, lines: number) => void
  done: () => void
}

const quietFor = 1000
const every = 200

/** Opens the progress line on a stream; nothing is shown where that is no terminal. */
export function openProgress(err: NodeJS.WriteStream): Progress {
  if (!err.isTTY) return { show: () => undefined, done: () => undefined }
  const started = performance.now()
  let shown = started + quietFor - every
  let visible = false
  return {
    show: ({ name, total, taken }, lines) => {
      const now = performance.now()
      if (now - shown < every) return
      shown = now
      visible = true
      const part = total === null || total === 0 ? '' : ` ${Math.floor((100 * taken()) / total)} %`
      err.write(`\r\x1b[K${plain(name, 200)}${part}, ${lines.toLocaleString('en')} lines`)
    },
    done: () => {
      if (visible) err.write('\r\x1b[K')
    },
  }
}
