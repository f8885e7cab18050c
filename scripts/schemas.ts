/**
 * Compiles the agent's schemas when it is built, so that neither typebox nor ajv runs beside every
 * log: together they were two thirds of its memory. The schemas in the sources stay the only ones;
 * they are checked by what ajv makes of them, only earlier.
 */
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import type { Plugin } from 'rolldown'
import type { TSchema } from 'typebox'
import { strictness } from '../shared/compile.ts'

/**
 * Functions that only make something: the call is left out where nobody uses what it makes. By name, and
 * with everything called on it, wherever the name stands: so none that a variable may have.
 */
export const makers = ['Type', 'compiled', 'makeFrameReader']

/** Puts finished schemas and their checks in the place of the making of them. */
export function compiledSchemas(): Plugin {
  return {
    name: 'compiled-schemas',
    resolveId: (id) => (id.startsWith(check) || id === table ? `\0${id}` : null),
    async load(id) {
      if (id.endsWith('/shared/compile.ts')) return `export { compile } from '${table}'`
      if (id === `\0${table}`) return tableCode
      if (!id.startsWith(`\0${check}`)) return null
      const [file = '', name = ''] = id.slice(check.length + 1).split('#')
      const code = checkCode((await schemasOf(file))[name] as TSchema)
      return { code, moduleSideEffects: false }
    },
    async transform(text, id) {
      if (!/^import Type\b/m.test(text)) return null
      const schemas = await schemasOf(id)
      const names = Object.keys(schemas)
      const imports = names.map((name) => `import check${name} from '${check}${id}#${name}'\n`)
      // What stood behind the equals sign is what nobody calls now, and so is left out.
      const body = text.replace(/^export const (\w+) =/gm, (whole, name: string) =>
        name in schemas
          ? `export const ${name} = compiled(${JSON.stringify(schemas[name])}, check${name})\nconst make${name} = () =>`
          : whole,
      )
      return `import { compiled } from '${table}'\n${imports.join('')}${body}`
    },
  }
}

const check = 'schema-check:'
const table = 'schema-table'

const tableCode = `const checks = new WeakMap()
export const compiled = (schema, check) => (checks.set(schema, check), schema)
export const compile = (schema) => checks.get(schema)`

async function schemasOf(file: string): Promise<Record<string, TSchema>> {
  const made = (await import(file)) as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(made).filter((entry): entry is [string, TSchema] => isSchema(entry[1])),
  )
}

// What typebox marks its schemas with (IsSchema takes any object).
function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '~kind' in value
}

// A new Ajv for each, or the later ones would refer to the earlier.
function checkCode(schema: TSchema): string {
  const ajv = new Ajv({ ...strictness, code: { source: true, esm: true } })
  const code = standalone.default(ajv, ajv.compile(schema))
  return (
    code
      .replace(
        /^const (\w+) = require\("(ajv\/dist\/runtime\/\w+)"\)\.default;/gm,
        'import _$1 from "$2.js"; const $1 = _$1.default;',
      )
      .replace(/schemaPath:"[^"]*",/g, '')
      // Characters are counted one by one, which for a saved host with many sessions fetched V8's
      // compilers at the start; a text of so few units has no more of them.
      .replace(/(func\d+)\((\w+)\) > (\d+)/g, '$2.length > $3 && $1($2) > $3')
  )
}
