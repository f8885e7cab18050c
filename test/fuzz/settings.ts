/**
 * Settings files as a slipped hand or a broken disk leaves them: they are read, or refused with one
 * sentence that a terminal can show and that repeats no secret.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readAgentConfig } from '../../agent/config.ts'
import { readCollectorConfig } from '../../collector/config.ts'
import { ConfigError } from '../../shared/config.ts'
import type { Random } from '../support/random.ts'
import type { Target } from './campaign.ts'
import { mutateJson, mutateText, shorterTexts } from './mutate.ts'

const token = '123456789:AAF-aVerySecretTokenOfTestsOnly_0123'

/** Both programs' settings. */
export function settingsTarget(): Target<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cibot-fuzz-'))
  const file = join(folder, 'settings.json')
  writeFileSync(join(folder, 'token'), token)
  return {
    name: 'settings',
    seeds,
    mutate: mutateSettings,
    run: (text) => {
      writeFileSync(file, text)
      for (const read of [readAgentConfig, readCollectorConfig]) {
        try {
          read({ file, env: {} })
        } catch (error) {
          assert.ok(error instanceof ConfigError, `not said as a person is told: ${String(error)}`)
          assert.ok(!error.message.includes(token), 'the secret is repeated')
          assert.ok(error.message.length < 20_000)
        }
      }
      return 1
    },
    smaller: shorterTexts,
    end: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const collector = {
  listen: { host: '0.0.0.0', port: 8787 },
  tls: { certFile: 'cert.pem', keyFile: 'key.pem' },
  trustProxy: ['127.0.0.1'],
  database: 'sqlite:/var/lib/cibot/cibot.db',
  retention: { findingsDays: 90 },
  timeZone: 'Europe/Rome',
  report: { schedule: '59 * * * *', heartbeat: false },
  telegram: { tokenFile: 'token', chatId: 42, topic: 7, apiRoot: 'https://api.telegram.org' },
  logFile: '/var/log/cibot/cibot.log',
  logLevel: 'info',
}
const agent = {
  collector: 'https://nas.lan:8787',
  caFile: 'ca.pem',
  keyFile: 'agent.key',
  source: ['auto', '/var/log/auth.log'],
  since: '24h',
  hostname: 'nas',
  timeZone: 'UTC',
}

const seeds = [
  JSON.stringify(collector, null, 2),
  JSON.stringify({ telegram: { token, chatId: '-100' } }),
  JSON.stringify({ BOT: 'x', TOKEN: token, CHATID: 42 }),
  JSON.stringify(agent, null, 2),
  JSON.stringify({ ...agent, source: 'journal', since: 'all' }),
  '// a comment\n{ "since": "7d", /* another */ }',
  '\ufeff{}',
]

const words = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '//',
  '/*',
  '*/',
  '\\u0000',
  '\0',
  '\u001b[31m',
  '__proto__',
  'constructor',
  'token',
  'tokenFile',
  'telegram',
  'report',
  'null',
  '1e999',
  '-0',
  'Etc/GMT+99',
  'https://',
  'wss://[::1]:0',
  '0w',
  '999999w',
  '\ud800',
]

function mutateSettings(text: string, random: Random, other: string): string {
  if (random.chance(0.5)) return mutateText(text, random, other, words)
  try {
    return JSON.stringify(mutateJson(JSON.parse(text), random, words)) ?? 'null'
  } catch {
    return mutateText(text, random, other, words)
  }
}
