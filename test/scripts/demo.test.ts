/** `npm start`, ended before everything of it is there. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/log-writer.ts'

const demo = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url))

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} while the fleet is started ends it, and leaves nothing behind`, {
    timeout: 60_000,
  }, async (t) => {
    const folder = temporaryFolder()
    t.after(folder.remove)
    const child = spawn(process.execPath, [demo], {
      env: { ...process.env, CIBOT_LISTEN_PORT: '0', TMPDIR: folder.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    await once(child.stdout, 'data')
    child.kill(signal)
    const [code] = (await once(child, 'exit')) as [number | null]
    assert.equal(code, 0)
    assert.match(said, /^listening on \S+\n$/)
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name.startsWith('cibot-')),
      [],
    )
  })
}
