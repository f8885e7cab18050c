import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { sessionCookie, startWeb } from '../../support/web.ts'

test('script and style go over the line packed, and plain to who cannot unpack them', async (t) => {
  const web = await startWeb()
  t.after(web.close)
  const cookie = sessionCookie(web)
  const sent = async (url: string, takes: Record<string, string>) => {
    const answer = await web.app.inject({ url, headers: { cookie, ...takes } })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['vary'], 'accept-encoding')
    return { as: answer.headers['content-encoding'], bytes: answer.rawPayload }
  }
  for (const [url, most] of [
    ['/app.js', 60_000],
    ['/style.css', 10_000],
  ] as const) {
    const plain = await sent(url, {})
    assert.equal(plain.as, undefined)
    const refused = await sent(url, { 'accept-encoding': 'gzip;q=0' })
    assert.equal(refused.as, undefined)
    const small = await sent(url, { 'accept-encoding': 'gzip, deflate, br' })
    assert.equal(small.as, 'gzip')
    assert.ok(small.bytes.length < most, `${small.bytes.length} bytes`)
    assert.deepEqual(gunzipSync(small.bytes), plain.bytes)
  }
})
