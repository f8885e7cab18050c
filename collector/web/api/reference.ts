/** The API's own documentation, made from the schemas the answers are typed by: OpenAPI, and a page that lists it. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { checker } from '../../../shared/check.ts'
import { escaped, page, textOf } from '../pages.ts'

/** Begins to note every route added from here on. */
export async function collectReference(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'CIBot collector',
        version,
        description:
          'What is listed here only reads. Scripts send a token made by `cibot-collector token add NAME` as `Authorization: Bearer TOKEN`; browsers use their session.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: '__Host-s' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
  })
}

/** Adds /api/v1/openapi.json and the page /api. */
export async function addReference(app: FastifyInstance): Promise<void> {
  const frame = await textOf('reference.html')
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/api', { schema: { hide: true } }, (_request, reply) =>
    page(
      reply,
      200,
      frame.replace('<!--operations-->', () => operationsOf(app)),
    ),
  )
}

// Only what the page shows of the document; the rest of OpenAPI may be there or not.
const Shown = Type.Object({
  paths: Type.Object(
    {},
    {
      additionalProperties: Type.Object({
        get: Type.Optional(
          Type.Object({
            summary: Type.Optional(Type.String()),
            description: Type.Optional(Type.String()),
            parameters: Type.Optional(
              Type.Array(
                Type.Object({
                  name: Type.String(),
                  description: Type.Optional(Type.String()),
                  required: Type.Optional(Type.Boolean()),
                  schema: Type.Object({ enum: Type.Optional(Type.Array(Type.String())) }),
                }),
              ),
            ),
            responses: Type.Optional(Type.Object({})),
          }),
        ),
      }),
    },
  ),
})
const shown = checker(Shown)

type Operation = {
  summary?: string
  description?: string
  parameters?: Parameter[]
  responses?: object
}

type Parameter = {
  name: string
  description?: string
  required?: boolean
  schema: { enum?: string[] }
}

function operationsOf(app: FastifyInstance): string {
  const document = shown(JSON.parse(JSON.stringify(app.swagger())))
  if (!document.ok) throw new Error(`the API's documentation: ${document.why}`)
  return Object.entries(document.value.paths as Record<string, { get?: Operation }>)
    .map(([path, { get = {} }]) => operation(path, get))
    .join('\n')
}

function operation(path: string, { summary, description, parameters, responses }: Operation) {
  const rows = (parameters ?? []).map(
    (one) =>
      `<dt><code>${escaped(one.name)}</code>${escaped(demand(one))}</dt><dd>${escaped(one.description ?? '')}</dd>`,
  )
  const shape = escaped(JSON.stringify(responses, null, 2) ?? '')
  return `<section><h2><code>GET ${escaped(path)}</code></h2>
<p>${escaped(summary ?? '')} ${escaped(description ?? '')}</p>
<dl>${rows.join('')}</dl>
<details><summary>Answers</summary><pre>${shape}</pre></details></section>`
}

// What it may be, and whether it must be there.
function demand({ required, schema }: Parameter): string {
  const values = schema.enum === undefined ? '' : `: ${schema.enum.join(', ')}`
  return `${values}${required === true ? ' (needed)' : ''}`
}
