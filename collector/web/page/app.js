// @ts-check
// The dashboard: asks for the numbers, again every 15 s, earlier when something happens, and follows the live log.
import { startLive } from './live.js'
import { showAttackers, showHosts, showTotals, showVerdict } from './tables.js'
import { byId } from './text.js'

const every = 15_000
const afterAttempts = 5_000
const afterOthers = 500

const span = /** @type {HTMLSelectElement} */ (byId('span'))
const search = /** @type {HTMLInputElement} */ (byId('search'))

let refreshed = 0
let timer = 0
let due = 0

/**
 * Asks the API; a session that has ended leads to the login page.
 * @param {string} path
 * @returns {Promise<any>}
 */
async function ask(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } })
  if (answer.status === 401) location.assign('/login')
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return answer.json()
}

let round = 0

async function refresh() {
  clearTimeout(timer)
  round += 1
  const mine = round
  due = Date.now() + every
  const since = span.value === '' ? '' : `&since=${span.value}`
  const q = encodeURIComponent(search.value.trim())
  try {
    const [day, attention, totals, { hosts }, { attackers }] = await Promise.all([
      ask('/api/v1/totals?since=24h'),
      ask('/api/v1/alerts?since=24h'),
      ask(`/api/v1/totals?${since.slice(1)}`),
      ask('/api/v1/hosts'),
      ask(`/api/v1/attackers?limit=50${since}${q === '' ? '' : `&q=${q}`}`),
    ])
    // Another span or search was asked for meanwhile: its answer is the one to show.
    if (mine !== round) return
    showVerdict(day, attention, hosts)
    showTotals(totals)
    showHosts(hosts)
    showAttackers(attackers, search.value.trim())
    refreshed = Date.now()
  } catch {
    // The age shown says since when there is no answer; the next round tries again.
  }
  showAge()
  plan(due - Date.now())
}

/** @param {number} wait */
function plan(wait) {
  clearTimeout(timer)
  due = Date.now() + wait
  if (!document.hidden) timer = setTimeout(() => void refresh(), wait)
}

/** @param {string} kind */
function happened(kind) {
  const wait = ['attempt', 'probe', 'blocked', 'skipped'].includes(kind)
    ? afterAttempts
    : afterOthers
  if (due - Date.now() > wait) plan(wait)
}

function showAge() {
  const seconds = Math.round((Date.now() - refreshed) / 1000)
  byId('age').textContent = refreshed === 0 ? 'No numbers yet.' : `Numbers are ${seconds} s old.`
}

span.addEventListener('change', refresh)
search.addEventListener('input', () => plan(300))
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh()
})
setInterval(showAge, 1000)
void refresh()
startLive(ask, happened).catch(() => {
  byId('connection').dataset['state'] = 'lost'
  byId('connection').textContent = 'no answer from the collector; load the page again'
})
