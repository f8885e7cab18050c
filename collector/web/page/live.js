// @ts-check
// The live log: what happened before, then what happens, with the state of the connection always shown.
import { byId, counted, element, time, visible } from './text.js'

/**
 * @typedef {{ n: number, kind: string, at: string, host: string, ip: string | null, port: number | null, user: string | null, method: string | null, count: number, program: string, text: string | null }} Finding
 * @typedef {{ id: number, at: string, kind: string, text: string }} Line
 */

const mostRows = 300
const retryAfter = 5000

/**
 * Fills the log and keeps it up to date.
 * @param {(path: string) => Promise<any>} ask
 * @param {(kind: string) => void} happened called when something new has come
 */
export async function startLive(ask, happened) {
  const list = byId('live')
  const pending = /** @type {HTMLElement[]} */ ([])
  let paused = false
  const draw = () => {
    if (paused || pending.length === 0) return
    list.prepend(...pending.splice(0).reverse())
    while (list.childElementCount > mostRows) list.lastElementChild?.remove()
  }
  const add = (/** @type {HTMLElement} */ row) => {
    // Drawn once per frame: a burst must not freeze the page.
    if (pending.length === 0) requestAnimationFrame(draw)
    pending.push(row)
    if (pending.length > mostRows) pending.shift()
  }
  const pause = byId('pause')
  pause.addEventListener('click', () => {
    paused = !paused
    pause.textContent = paused ? 'Go on' : 'Pause'
    pause.setAttribute('aria-pressed', String(paused))
    draw()
  })
  const { findings } = await ask('/api/v1/findings?limit=50')
  const { log } = await ask('/api/v1/log?limit=20')
  const rows = [
    ...findings.map((/** @type {Finding} */ one) => ({ at: one.at, row: findingRow(one) })),
    ...log.map((/** @type {Line} */ one) => ({ at: one.at, row: lineRow(one) })),
  ]
  rows.sort((one, other) => (one.at < other.at ? -1 : 1))
  for (const { row } of rows) add(row)
  listen(`${findings[0]?.n ?? 0}-${log[0]?.id ?? 0}`, ask, (row) => {
    add(row)
    happened(row.dataset['kind'] ?? '')
  })
}

/**
 * @param {string} from id of the last event seen
 * @param {(path: string) => Promise<any>} ask
 * @param {(row: HTMLElement) => void} add
 */
function listen(from, ask, add) {
  let last = from
  const source = new EventSource(`/api/v1/live?after=${last}`)
  const on = (/** @type {string} */ name, /** @type {(content: any) => HTMLElement} */ row) => {
    source.addEventListener(name, (event) => {
      if (event.lastEventId !== '') last = event.lastEventId
      add(row(JSON.parse(event.data)))
    })
  }
  on('finding', findingRow)
  on('log', lineRow)
  on('skipped', skippedRow)
  source.addEventListener('ready', () => showState('live', 'live'))
  source.addEventListener('error', () => {
    showState('lost', 'connection lost, trying again …')
    if (source.readyState !== EventSource.CLOSED) return
    // The browser gives up after an answer such as 502; where the session has ended, asking leads
    // to the login page.
    source.close()
    setTimeout(() => {
      ask('/api/v1/totals?since=1m')
        .catch(() => undefined)
        .finally(() => listen(last, ask, add))
    }, retryAfter)
  })
}

/**
 * @param {string} state
 * @param {string} words
 */
function showState(state, words) {
  const connection = byId('connection')
  connection.dataset['state'] = state
  connection.textContent = words
}

/** @param {Finding} finding */
function findingRow(finding) {
  return row(finding.at, finding.kind, `${visible(finding.host)}: ${sentence(finding)}`)
}

/** @param {Line} line */
function lineRow(line) {
  return row(line.at, line.kind, `collector: ${visible(line.text)}`)
}

/** @param {{ count: number }} skipped */
function skippedRow({ count }) {
  return row(new Date().toISOString(), 'skipped', `${counted(count, 'event')} too fast to show`)
}

/** @param {Finding} finding */
function sentence(finding) {
  const who = finding.user === null ? '' : ` as ${visible(finding.user)}`
  const from =
    finding.ip === null ? ` with ${visible(finding.program)}` : ` from ${visible(finding.ip)}`
  const how = finding.method === null ? '' : ` by ${visible(finding.method)}`
  switch (finding.kind) {
    case 'attempt':
      return `${counted(finding.count, 'attempt')}${who}${from}${how}`
    case 'probe':
      return `probe${from}`
    case 'login':
      return `login${who}${from}${how}`
    case 'blocked':
      return `${counted(finding.count, 'connection')} turned away${from}`
    default:
      return visible(finding.text ?? finding.kind)
  }
}

/**
 * @param {string} at
 * @param {string} kind
 * @param {string} words
 */
function row(at, kind, words) {
  const node = element('li', '', time(at, 'clock'), words)
  node.dataset['kind'] = kind
  return node
}
