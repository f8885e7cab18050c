/** The rules of exactness (and the incident behind each), as changes that take one of them away. */
import type { Change } from './changed.ts'

/** What was told once counts again whenever it is told again. */
export const noMarks: readonly Change[] = [
  {
    file: 'collector/store/intake.ts',
    from: 'if (entry.offset <= file.mark) continue',
    to: '',
  },
  {
    file: 'collector/store/migrations.ts',
    from: 'CREATE UNIQUE INDEX finding_by_anchor',
    to: 'CREATE INDEX finding_by_anchor',
  },
]
