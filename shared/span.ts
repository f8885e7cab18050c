const units: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds of a span such as 90s, 15m, 24h, 7d or 2w; undefined where the text is none. */
export function spanOf(text: string): number | undefined {
  const match = /^(\d{1,6})([smhdw])$/.exec(text)
  const unit = units[match?.[2] ?? '']
  return unit === undefined ? undefined : Number(match?.[1]) * unit
}
