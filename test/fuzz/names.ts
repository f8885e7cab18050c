/**
 * Names that lie: the attacker's text anywhere in a real line, and the address is still the one that
 * stands on the side he cannot write.
 */
import assert from 'node:assert/strict'
import { openParser } from '../../agent/parse/parse.ts'
import type { Target } from './campaign.ts'
import { mutateText, shorterTexts } from './mutate.ts'
import { logWords } from './seeds.ts'

const real = '203.0.113.9'

/** Messages with NAME where the peer's text stands; of those named `free` it may hold a colon. */
const messages: readonly { tag: string; text: string; free?: true }[] = [
  { tag: 'sshd', text: `Failed password for invalid user NAME from ${real} port 40000 ssh2` },
  { tag: 'sshd', text: `Failed none for invalid user NAME from ${real} port 40000 ssh2` },
  { tag: 'sshd', text: `Invalid user NAME from ${real} port 40000` },
  { tag: 'sshd', text: `Invalid user NAME from ${real}` },
  { tag: 'sshd', text: `Connection closed by invalid user NAME ${real} port 40000 [preauth]` },
  { tag: 'sshd', text: `Connection reset by invalid user NAME ${real} port 40000 [preauth]` },
  { tag: 'sshd', text: `Disconnected from invalid user NAME ${real} port 40000 [preauth]` },
  {
    tag: 'sshd',
    text: `Received disconnect from ${real} port 40000:11: NAME [preauth]`,
    free: true,
  },
  { tag: 'dropbear', text: `Bad password attempt for 'NAME' from ${real}:40000` },
]

/** A user name in each of these messages. */
export function namesTarget(): Target<string> {
  const parser = openParser({ zone: 'UTC', reference: Date.UTC(2026, 10, 22, 18), last: null })
  return {
    name: 'names',
    seeds: [
      'root',
      'root from 10.9.9.9 port 22 ssh2',
      'invalid user admin from 10.9.9.9 port 1',
      '8.8.8.8 port 1',
      ' 0101',
      '',
      'x [preauth]',
    ],
    mutate: (name, random, other) => mutateText(name, random, other, logWords),
    run: (name) => {
      // What no peer can put into a line: sshd cuts at a colon, refuses NUL, escapes control characters.
      const sayable = name.replaceAll(/\p{Cc}/gu, '').slice(0, 100)
      for (const { tag, text, free } of messages) {
        const typed = free ? sayable : (sayable.split(':')[0] ?? '')
        const line = `Nov 22 17:00:00 nas ${tag}[7]: ${text.replace('NAME', () => typed)}`
        const ip = parser.line(line).event?.ip
        assert.ok(ip === undefined || ip === real, `${ip} out of: ${line}`)
      }
      return messages.length
    },
    smaller: shorterTexts,
  }
}
