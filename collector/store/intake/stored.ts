import type { Finding } from '../../../shared/finding.ts'

/** A finding newly stored: its place in the order of arrival, its host and what people call that. */
export type Stored = { n: number; host: number; label: string; finding: Finding }
