import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Static, TSchema } from 'typebox'
import { compile } from './compile.ts'

/** What a check gives: the value with its type proven, or one sentence naming the place and what is wrong. */
export type Checked<T> = { ok: true; value: T } | { ok: false; why: string }

/**
 * Makes the one guard for a schema. Takes a typebox schema; gives a function that takes unknown
 * input and gives it back typed, or says where it differs. The guard throws only for a schema that is wrong.
 */
export function checker<S extends TSchema>(schema: S): (input: unknown) => Checked<Static<S>> {
  // Compiled when first asked: an agent never checks what only the collector is told.
  let validate: ValidateFunction | undefined
  return (input) => {
    validate ??= compile(schema)
    return validate(input)
      ? { ok: true, value: input as Static<S> }
      : { ok: false, why: sentence(validate.errors?.[0]) }
  }
}

function sentence(error: ErrorObject | undefined): string {
  if (error === undefined) return 'does not have the expected shape'
  const place = error.instancePath.slice(1).replaceAll('/', '.') || 'the top level'
  switch (error.keyword) {
    case 'additionalProperties':
      return `${place}: "${String(error.params['additionalProperty'])}" is not known here`
    case 'required':
      return `${place}: "${String(error.params['missingProperty'])}" is missing`
    case 'enum':
      return `${place}: must be one of ${JSON.stringify(error.params['allowedValues'])}`
    case 'const':
      return `${place}: must be ${JSON.stringify(error.params['allowedValue'])}`
    default:
      return `${place}: ${error.message ?? 'is wrong'}`
  }
}
