/**
 * What a bench is: a file of this folder that exports `bench`, found by its name. It does the same
 * work with us and with every peer that is installed, side by side in one run, and gives tables.
 */

import type { Programs } from '../support/fleet.ts'

export type Bench = {
  /** One sentence: what is compared, and how. */
  about: string
  run: (setting: Setting) => Promise<Table[]>
}

export type Setting = {
  /** Little work and few turns: shows that the bench runs; its figures mean nothing. */
  quick: boolean
  /** Folder for scratch files; removed when the run ends. */
  folder: string
  /** The programs as they are shipped, built from this tree. */
  programs: Programs
  /** Shows one line of progress. */
  say: (text: string) => void
}

export type Table = {
  title: string
  columns: readonly string[]
  /** As many cells as columns; numbers already rounded to what they are worth (`figure`). */
  rows: readonly (readonly string[])[]
  /** Sentences under the table: what was left out and how to install it, what was not reached. */
  notes: readonly string[]
}

/** A number with so many digits that count, without an exponent: 0.0123, 4.57, 1230. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(digits))
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded))))
  return Math.abs(rounded) >= 10_000 ? rounded.toLocaleString('en') : rounded.toFixed(places)
}

/** The middle one of some numbers (the mean of the two in the middle); NaN of none. */
export function median(values: readonly number[]): number {
  return (quantile(values, 0.5) + quantile(values, 0.5, Math.floor)) / 2
}

/** The value that this part (0 to 1) of the values does not exceed; NaN of none. */
export function quantile(values: readonly number[], part: number, side = Math.ceil): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[side(part * (sorted.length - 1))] ?? Number.NaN
}
