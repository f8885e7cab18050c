/**
 * The few things that may be changed from the page: settings that are safe while the collector runs, a
 * report sent again, a test message, codes for one's own login. Only a person in a session may, never a
 * token, and every change is in the log under `audit`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Database } from '../../store/database.ts'
import type { Log } from '../../store/log.ts'
import type { People } from '../../store/people/people.ts'
import { newTotpSecret } from '../../store/people/totp.ts'
import { openReports } from '../../store/reports/reports.ts'
import { badSettings, Settings, type SettingsStore } from '../../store/settings.ts'
import { createPatience } from '../access/patience.ts'
import { Refusal } from '../refusal.ts'

export type ChangesOptions = {
  db: Database
  people: People
  log: Log
  settings: SettingsStore
  now: () => number
  wait: (ms: number) => Promise<void>
  /** Called once changed settings are stored. */
  settingsChanged: (settings: Settings) => void
  /** Called when something was queued for delivery. */
  wake: () => void
}

const hidden = { hide: true }
const strict = { additionalProperties: false } as const
const Code = Type.Object({ code: Type.String({ maxLength: 12 }) }, strict)
const Proof = Type.Object(
  {
    secret: Type.String({ pattern: '^[A-Z2-7]{32}$' }),
    code: Type.String({ maxLength: 12 }),
  },
  strict,
)
const ReportNumber = Type.Object({ number: Type.String({ pattern: '^[0-9]{1,15}$' }) }, strict)

/** Adds the routes that change something. */
export function addChanges(app: FastifyInstance, options: ChangesOptions): void {
  addSettings(app, options)
  addSending(app, options)
  addCodes(app, options)
}

function addSettings(app: FastifyInstance, options: ChangesOptions): void {
  const { db, log, settings, settingsChanged } = options
  app.get('/api/v1/settings', { schema: hidden }, async () => settings.read())
  app.put<{ Body: Settings }>(
    '/api/v1/settings',
    { schema: { ...hidden, body: Settings } },
    async (request) => {
      const person = personOf(request)
      const why = badSettings(request.body)
      if (why !== undefined) throw new Refusal(400, why)
      const changes = db.transaction(() => {
        const changes = settings.write(request.body)
        for (const { name, from, to } of changes) {
          log.append('audit', `${person} changed ${name} from ${from ?? 'none'} to ${to ?? 'none'}`)
        }
        return changes
      })
      if (changes.length > 0) settingsChanged(settings.read())
      return settings.read()
    },
  )
}

function addSending(app: FastifyInstance, { db, log, now, wake }: ChangesOptions): void {
  const reports = openReports(db)
  app.post<{ Params: Static<typeof ReportNumber> }>(
    '/api/v1/reports/:number/resend',
    { schema: { ...hidden, params: ReportNumber } },
    async (request) => {
      const person = personOf(request)
      const number = Number(request.params.number)
      const parts = await reports.resend(number, now())
      if (parts === null) throw new Refusal(404, `there is no report ${number}`)
      if (parts === 0) {
        throw new Refusal(409, `report ${number} has nothing to send, or is being sent right now`)
      }
      log.append('audit', `${person} had report ${number} sent again`)
      wake()
      return { parts }
    },
  )
  app.post('/api/v1/test-message', { schema: hidden }, async (request) => {
    const person = personOf(request)
    const text = `Test message, asked for by ${person}. Reports will arrive here.`
    const { number } = await reports.ask(now(), now(), () => ({
      digest: null,
      parts: [{ text, entities: [] }],
      loud: true,
    }))
    log.append('audit', `${person} sent a test message (report ${number})`)
    wake()
    return { report: number }
  })
}

function addCodes(app: FastifyInstance, { people, log, now, wait }: ChangesOptions): void {
  const patience = createPatience(now)
  app.get('/api/v1/codes', { schema: hidden }, async (request) => {
    const person = personOf(request)
    return { on: people.hasTotp(person) }
  })
  // The secret is stored only once a code has proven that the app has it.
  app.post('/api/v1/codes/new', { schema: hidden }, async (request) => {
    const person = personOf(request)
    const secret = newTotpSecret()
    const label = encodeURIComponent(`CIBot:${person}`)
    return { secret, address: `otpauth://totp/${label}?secret=${secret}&issuer=CIBot` }
  })
  app.put<{ Body: Static<typeof Proof> }>(
    '/api/v1/codes',
    { schema: { ...hidden, body: Proof } },
    async (request) => {
      const person = personOf(request)
      const { secret, code } = request.body
      if (people.hasTotp(person)) throw new Refusal(409, 'codes are asked for already')
      if (!people.setTotp(person, secret, code)) {
        throw new Refusal(400, 'this is not the code the app shows now; is its clock right?')
      }
      log.append('audit', `${person} turned on codes for logging in`)
      return { on: true }
    },
  )
  app.delete<{ Body: Static<typeof Code> }>(
    '/api/v1/codes',
    { schema: { ...hidden, body: Code } },
    async (request) => {
      const person = personOf(request)
      await wait(patience.delay(request.ip, person))
      if (!people.useTotp(person, request.body.code)) {
        patience.failed(request.ip, person)
        throw new Refusal(400, 'this is not the code the app shows now, or it was used already')
      }
      people.removeTotp(person)
      log.append('audit', `${person} turned off codes for logging in`)
      return { on: false }
    },
  )
}

function personOf({ caller }: FastifyRequest): string {
  if (caller?.kind === 'person') return caller.session.person
  throw new Refusal(403, 'only a person who is logged in may do this, not a token')
}
