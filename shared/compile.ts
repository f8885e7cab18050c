import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'

// Nothing is coerced, removed or filled in: a frame that says "1" where a number belongs is a
// wrong frame, not a number (fastify's defaults would let it pass).
/** How every schema is understood, whether it is compiled when first asked or when the agent is built. */
export const strictness = {
  strict: true,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allowUnionTypes: true,
  discriminator: true,
} as const

const ajv = new Ajv(strictness)

/**
 * Makes the function that checks input against a schema, and leaves its errors on itself. Throws for
 * a schema that is wrong. In the agent's bundle scripts/schemas.ts stands in its place.
 */
export function compile(schema: TSchema): ValidateFunction {
  return ajv.compile(schema)
}
