/**
 * What the browser gets, read once. The build puts the texts themselves in place of this module, so
 * that the bundle needs no files beside it.
 */
import { readFileSync } from 'node:fs'

const names = [
  'index.html',
  'login.html',
  'welcome.html',
  'reference.html',
  'style.css',
  'app.js',
  'tables.js',
  'live.js',
  'text.js',
] as const

/** Text of each file by its name. */
export const pageFiles: ReadonlyMap<string, string> = new Map(
  names.map((name) => [name, readFileSync(new URL(name, import.meta.url), 'utf8')]),
)
