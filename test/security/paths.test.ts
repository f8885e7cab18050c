/** Whoever has logged in still gets the page's own files and nothing else of the machine's. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startWeb } from '../support/web.ts'

const ways = ['..', '%2e%2e', '.%2e', '%252e%252e', '..%2f..', '..%5c..', '....', '..;']
const targets = ['etc/passwd', 'package.json', 'collector/main.ts', 'etc/passwd%00.js']
const roots = ['', 'api/v1/', 'assets/', 'login/', 'attacker/']

test('no path leads out of what the page is made of', { timeout: 60_000 }, async (t) => {
  const web = await startWeb()
  t.after(web.close)
  const authorization = `Bearer ${web.people.addToken('test')}`
  const ask = (path: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      request({ port: web.port, path, headers: { authorization } }, async (answer) =>
        resolve({ status: answer.statusCode ?? 0, body: await text(answer) }),
      )
        .on('error', reject)
        .end()
    })
  const known = await ask('/api/v1/totals')
  assert.equal(known.status, 200, 'the token opens what it is for')
  const paths = roots.flatMap((root) =>
    ways.flatMap((way) => targets.map((target) => `/${root}${`${way}/`.repeat(8)}${target}`)),
  )
  for (const path of [...paths, '//etc/passwd', '/\\etc\\passwd', 'http://other/etc/passwd']) {
    const { status, body } = await ask(path)
    assert.ok(status < 500 && status !== 429, `${path} gives ${status}`)
    assert.doesNotMatch(body, /root:.*:0:0:|"dependencies"|runProgram/, path)
  }
})
