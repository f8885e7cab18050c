// @ts-check
// The parts of the page that show numbers: the verdict, totals, hosts, attackers.
import { ago, byId, counted, element, listed, number, size, time, visible } from './text.js'

/**
 * @typedef {{ attempts: number, probes: number, logins: number }} Counts
 * @typedef {Counts & { attackers: number, hosts: number }} Totals
 * @typedef {Counts & { ip: string, hosts: Record<string, Counts>, users: Record<string, number>, first: string, last: string }} Attacker
 * @typedef {{ name: string, online: boolean, lastSeen: string | null, version: string | null, lag: number | null, gaps: number, attempts: number, sources: { reading: string, trouble: string }[] }} Host
 * @typedef {{ ip: string, host: string, user: string, failed: number, times: number, last: string }} Alert
 */

/**
 * One sentence that says whether anybody has to do anything.
 * @param {Totals} day totals of the last 24 hours
 * @param {{ alerts: Alert[], gaps: number }} attention what is to be looked at of the last 24 hours
 * @param {Host[]} hosts
 */
export function showVerdict(day, { alerts, gaps }, hosts) {
  const silent = hosts.filter((host) => !host.online).map((host) => visible(host.name))
  const holes = gaps > 0 ? 'at least ' : ''
  const count = `${holes}${counted(day.attempts, 'attempt')} by ${counted(day.attackers, 'address', 'addresses')} on ${counted(day.hosts, 'host')} in the last 24 hours`
  const lines = alerts.map(
    (alert) =>
      `LOOK: ${visible(alert.ip)} failed ${counted(alert.failed, 'time')}, then logged in to ${visible(alert.host)} as ${visible(alert.user)}, ${ago(alert.last)}`,
  )
  if (hosts.length === 0) {
    return say('waiting', [
      'No host has reported yet.',
      'On each host, cibot-agent key prints its public key; here, cibot-collector agents add NAME KEY lets it in. With Ansible: ansible-playbook site.yml',
    ])
  }
  if (lines.length === 0) lines.push(`Quiet: ${count}, nobody got in`)
  else lines.push(`${count}.`)
  if (silent.length > 0) lines.push(`Nothing is heard from ${listed(silent)}.`)
  return say(alerts.length > 0 ? 'look' : silent.length > 0 ? 'unsure' : 'quiet', lines)
}

/**
 * @param {string} mood
 * @param {string[]} lines
 */
function say(mood, lines) {
  const verdict = byId('verdict')
  // Screen readers read it again whenever it is replaced.
  if (verdict.dataset['mood'] === mood && verdict.textContent === lines.join('')) return
  verdict.dataset['mood'] = mood
  verdict.replaceChildren(...lines.map((line) => element('p', '', line)))
}

/** @param {Totals} totals */
export function showTotals(totals) {
  const tiles = /** @type {const} */ ([
    ['attempts', totals.attempts],
    ['addresses', totals.attackers],
    ['probes', totals.probes],
    ['logins', totals.logins],
    ['hosts', totals.hosts],
  ])
  byId('totals').replaceChildren(
    ...tiles.map(([name, value]) =>
      element('div', '', element('dt', '', name), element('dd', '', number(value))),
    ),
  )
}

/** @param {Host[]} hosts */
export function showHosts(hosts) {
  byId('hosts').replaceChildren(...hosts.map(hostCard))
}

/** @param {Host} host */
function hostCard(host) {
  const heard = element('p', 'quiet', host.online ? 'online, heard ' : 'silent, last heard ')
  heard.append(host.lastSeen === null ? 'never' : time(host.lastSeen, 'ago'))
  const facts = [counted(host.attempts, 'attempt')]
  if (host.lag !== null && host.lag > 0) facts.push(`${size(host.lag)} behind`)
  if (host.gaps > 0) facts.push(counted(host.gaps, 'gap'))
  if (host.version !== null) facts.push(`version ${visible(host.version)}`)
  const card = element(
    'li',
    '',
    element('strong', '', visible(host.name)),
    heard,
    element('p', 'quiet', facts.join(', ')),
  )
  for (const { trouble } of host.sources) {
    if (trouble !== '') card.append(element('p', 'warn', visible(trouble)))
  }
  card.dataset['state'] = host.online ? 'well' : 'silent'
  return card
}

/**
 * @param {Attacker[]} attackers
 * @param {string} sought
 */
export function showAttackers(attackers, sought) {
  const none = sought === '' ? 'Nobody tried.' : 'Nobody of that address or name tried.'
  byId('attackers').replaceChildren(
    ...(attackers.length === 0 ? [element('li', 'quiet', none)] : attackers.map(attackerRow)),
  )
}

/** @param {Attacker} attacker */
function attackerRow(attacker) {
  const hosts = Object.entries(attacker.hosts).map(
    ([name, counts]) => `${visible(name)} ${number(counts.attempts + counts.probes)}`,
  )
  const users = Object.entries(attacker.users)
  const tried = users.slice(0, 5).map(([name, times]) => `${visible(name)} ${number(times)}`)
  if (users.length > tried.length) tried.push(`${number(users.length - tried.length)} more`)
  const facts = [counted(attacker.attempts, 'attempt')]
  if (attacker.probes > 0) facts.push(counted(attacker.probes, 'probe'))
  if (attacker.logins > 0) facts.push(counted(attacker.logins, 'login'))
  const seen = element('p', 'quiet', `on ${hosts.join(', ')}; last `)
  seen.append(time(attacker.last, 'ago'))
  const row = element(
    'li',
    '',
    element(
      'div',
      'first',
      element('span', 'address', visible(attacker.ip)),
      element('span', 'number', facts.join(', ')),
    ),
    seen,
  )
  if (tried.length > 0) row.append(element('p', 'quiet', `as ${tried.join(', ')}`))
  return row
}
