/** A person with a browser: Chromium through playwright-core, and what such a person sees and does. */
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Web } from '../support/web.ts'

const executable = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path))

/** Why there is no browser, or false. */
export const skip =
  executable === undefined
    ? 'needs a browser: apt-get install --no-install-recommends chromium'
    : false

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executable ?? '', args: flags })
}

// Chromium drops what it is loading when an interface comes or goes, as the labs' beside this one do.
const networkChanged = 'net::ERR_NETWORK_CHANGED'

export type Open = {
  page: Page
  /** Everything the browser complained about. */
  troubles: string[]
  /** Every address asked for. */
  requested: string[]
  close: () => Promise<void>
}

export type Look = {
  width?: number
  height?: number
  scheme?: 'light' | 'dark'
  scale?: number
  /** Take a certificate that no system trusts. */
  anyCertificate?: boolean
}

/** Opens a window of its own, with nothing remembered. */
export async function open(browser: Browser, look: Look = {}): Promise<Open> {
  const { width = 1280, height = 800, scheme = 'light', scale = 1, anyCertificate = false } = look
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    deviceScaleFactor: scale,
    ignoreHTTPSErrors: anyCertificate,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  const troubles: string[] = []
  const requested: string[] = []
  page.on('console', (message) => {
    const isOurs = !message.text().includes(networkChanged)
    if (['error', 'warning'].includes(message.type()) && isOurs) troubles.push(message.text())
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('request', (request) => requested.push(request.url()))
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== networkChanged) return
    if (['script', 'stylesheet'].includes(request.resourceType()))
      void page.reload().catch(() => {})
  })
  page.setDefaultTimeout(10_000)
  return { page, troubles, requested, close: () => context.close() }
}

/** Logs in by a one-time link, and waits until the page is there. */
export async function logIn(page: Page, web: Pick<Web, 'url' | 'people'>): Promise<void> {
  await page.goto(`${web.url}/login/${web.people.makeLink('ana')}`)
  await page.waitForSelector('#connection[data-state="live"]')
}

/** The text a person sees there. */
export function seen(page: Page, selector: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what a person sees, not what the tree holds
  return page.locator(selector).first().innerText()
}

/** Pixels that the page is wider than its window. */
export function overflow(page: Page): Promise<unknown> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}

/** Waits until so many of these are on the page, 10 s at most. */
export async function counted(page: Page, selector: string, many: number): Promise<void> {
  const end = Date.now() + 10_000
  for (;;) {
    const now = await page.locator(selector).count()
    if (now === many) return
    if (Date.now() > end) throw new Error(`there are ${now} ${selector}, not ${many}`)
    await page.waitForTimeout(30)
  }
}
