/** Everything that takes what strangers wrote, and how much of it `npm run fuzz` tries if not told. */
import { bodiesTarget } from './bodies.ts'
import { framesTarget } from './frames.ts'
import { linesTarget } from './lines.ts'
import { namesTarget } from './names.ts'
import { settingsTarget } from './settings.ts'

export const targets = {
  lines: { open: linesTarget, usual: 1_000_000 },
  names: { open: namesTarget, usual: 200_000 },
  frames: { open: framesTarget, usual: 100_000 },
  bodies: { open: bodiesTarget, usual: 20_000 },
  settings: { open: settingsTarget, usual: 20_000 },
} as const

export type Name = keyof typeof targets
