/**
 * Whole tables as files, written while they are read: however long a table is, no more than a piece of
 * it is held, and between two pieces the agents have their turn.
 */
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { type Cell, csvHead, csvLine } from './csv.ts'

/** How rows become a file. */
export type Table<R> = {
  /** What it holds, in its name and around its rows. */
  name: string
  columns: readonly string[]
  /** Lines of a spreadsheet; mostly one. */
  cells: (row: R) => Cell[][]
  /** The row as the API shows it. */
  shown: (row: R) => unknown
}

/** A table's rows, piece by piece; a piece may be empty. */
export type Pieces<R> = Iterable<readonly R[]> | AsyncIterable<readonly R[]>

export type FileFormat = 'csv' | 'all'

/** Sends at most `most` rows as a file. */
export function sendFile<R>(
  reply: FastifyReply,
  format: FileFormat,
  table: Table<R>,
  { pieces, most }: { pieces: Pieces<R>; most: number },
): FastifyReply {
  const [type, ending] =
    format === 'csv' ? ['text/csv; charset=utf-8', 'csv'] : ['application/json', 'json']
  const text = format === 'csv' ? csvOf(table, pieces, most) : jsonOf(table, pieces, most)
  return reply
    .type(type)
    .header('content-disposition', `attachment; filename="cibot-${table.name}.${ending}"`)
    .send(Readable.from(text, { objectMode: false }))
}

/** The pieces of a table that is read page by page, from the newest back. */
export async function* pagesOf<R>(
  read: (
    before: number | undefined,
  ) => Promise<{ rows: R[]; next: number | null }> | { rows: R[]; next: number | null },
): AsyncGenerator<R[]> {
  for (let before: number | null | undefined; before !== null; ) {
    const { rows, next } = await read(before)
    yield rows
    before = next
  }
}

async function* csvOf<R>({ columns, cells }: Table<R>, pieces: Pieces<R>, most: number) {
  yield csvHead(columns)
  for await (const rows of atMost(pieces, most)) yield rows.flatMap(cells).map(csvLine).join('')
}

async function* jsonOf<R>({ name, shown }: Table<R>, pieces: Pieces<R>, most: number) {
  yield `{"${name}":[`
  let between = '\n'
  for await (const rows of atMost(pieces, most)) {
    const text = rows.map((row) => JSON.stringify(shown(row))).join(',\n')
    yield `${between}${text}`
    between = ',\n'
  }
  yield '\n]}\n'
}

async function* atMost<R>(pieces: Pieces<R>, most: number) {
  let left = most
  for await (const rows of pieces) {
    await turn()
    if (rows.length > 0) yield rows.slice(0, left)
    left -= rows.length
    if (left <= 0) return
  }
}
