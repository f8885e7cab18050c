import type { Event } from './event.ts'

/** One form of message that one program writes: how to know it, where it comes from, what it says. */
export type Shape = {
  name: string
  /** The versions that write it, where it is not all of them. */
  since?: string
  /** The project and file it was read from, or the log it was seen in. */
  source: string
  /** The tag `example` is written under. */
  program: string
  /** A whole message of this shape. */
  example: string
  /** Anchored at `^`; the attacker's text is never on the side that the address is taken from. */
  expression: RegExp
  /** Its meaning stands at the left, so that a line cut off at the right still proves it. */
  left?: true
  /** What the match says; null where the line turns out to be no line of this shape after all. */
  event: (match: RegExpExecArray, program: string) => Event | null
}

export type Table = {
  /** What `text`, written by `program`, says; null where it has none of the shapes. */
  event: (text: string, program: string) => Event | null
  /** The names of all shapes that would take `text`: one, or the table contradicts itself. */
  takers: (text: string, program: string) => string[]
  shapes: readonly Shape[]
}

/**
 * A table of shapes that tries a message only against those whose literal start it has. Shapes that
 * start with something free come last, in the order given.
 */
export function tableOf(shapes: readonly Shape[]): Table {
  const entries = shapes.map(entryOf)
  const free = entries.filter(({ literal }) => literal === '')
  const byFirst = new Map<number, Entry[]>()
  for (const entry of entries) {
    if (entry.literal === '') continue
    const first = entry.literal.charCodeAt(0)
    byFirst.set(first, [...(byFirst.get(first) ?? []), entry])
  }
  const NONE: Entry[] = []

  return {
    event(text, program) {
      const literal = byFirst.get(text.charCodeAt(0)) ?? NONE
      return firstEvent(literal, text, program) ?? firstEvent(free, text, program)
    },
    takers(text, program) {
      const takes = (entry: Entry) => read(entry, text, program) !== null
      return entries.filter(takes).map(({ shape }) => shape.name)
    },
    shapes,
  }
}

type Entry = { literal: string; expression: RegExp; shape: Shape }

/**
 * A dot stands for any character here: for U+2028, which is the end of a line to JavaScript and part of a
 * name to everybody else, it would not, and who put one into a name was not counted.
 */
function entryOf(shape: Shape): Entry {
  const { expression } = shape
  return {
    literal: literalStart(expression),
    expression: new RegExp(expression.source, 's'),
    shape,
  }
}

function firstEvent(entries: Entry[], text: string, program: string): Event | null {
  for (const entry of entries) {
    const event = read(entry, text, program)
    if (event !== null) return event
  }
  return null
}

function read({ literal, expression, shape }: Entry, text: string, program: string): Event | null {
  if (!text.startsWith(literal)) return null
  const match = expression.exec(text)
  return match === null ? null : shape.event(match, program)
}

/** The plain characters that every text matched by `expression` must begin with. */
export function literalStart(expression: RegExp): string {
  const { source } = expression
  if (source[0] !== '^') throw new Error(`a shape must be anchored: ${source}`)
  return (plainStart.exec(source)?.[1] ?? '').replace(/\\(.)/g, '$1')
}

// One expression and no loop: V8 fetched its second compiler, 3 MiB of code, for the loop of 150 shapes
// alone, in an agent that had nothing to read yet.
const plainStart = /^\^((?:[^\\[(.$|*+?{^]|\\[^A-Za-z0-9])*)(?![*+?{])/
