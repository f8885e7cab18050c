import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { linkFor } from '../../../collector/commands/link.ts'
import { readCollectorConfig } from '../../../collector/config.ts'
import { openDatabase } from '../../../collector/store/database.ts'
import { openPeople } from '../../../collector/store/people/people.ts'

function link(env: Record<string, string>): string {
  const people = openPeople(openDatabase(':memory:'), () => 1_795_350_000_000)
  const made = linkFor(readCollectorConfig({ file: undefined, env }), people, 'anna')
  assert.match(made, /\/login\/[\w-]{20,}$/)
  return made.replace(/\/login\/.*/, '')
}

test('a link leads to the public address, or else to where the collector listens', () => {
  const everywhere = { CIBOT_LISTEN_HOST: '0.0.0.0' }
  assert.equal(link({}), 'http://127.0.0.1:8787')
  assert.equal(link(everywhere), `http://${hostname()}:8787`)
  assert.equal(link({ CIBOT_LISTEN_HOST: '::1' }), 'http://[::1]:8787')
  const url = 'https://home.example.net/cibot'
  assert.equal(link({ ...everywhere, CIBOT_PUBLIC_URL: url }), url)
  assert.equal(link({ ...everywhere, CIBOT_PUBLIC_URL: `${url}/` }), url)
})

test('a public address that is none is refused with a sentence', () => {
  for (const url of ['nas.lan:8787', 'https://', 'https://nas.lan/?x', 'javascript:alert(1)']) {
    assert.throws(() => link({ CIBOT_PUBLIC_URL: url }), /publicUrl/)
  }
})
