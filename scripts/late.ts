import { builtinModules } from 'node:module'
import type { Plugin } from 'rolldown'

/**
 * Loads these built-in modules when something of theirs is first used, not when a package that may
 * never use it is: an agent on a plain socket needs no TLS, one without packed logs no zlib. What is
 * taken out of them while loading (`const { Worker } = require(…)`) still loads them.
 */
export function lateBuiltins(names: readonly string[]): Plugin {
  return {
    name: 'late-builtins',
    resolveId: (id) => {
      const name = id.replace(/^node:/, '')
      return names.includes(name) && builtinModules.includes(name) ? `\0late:${name}` : null
    },
    load(id) {
      if (!id.startsWith('\0late:')) return null
      const name = id.slice('\0late:'.length)
      const whole = process.getBuiltinModule(name)
      const getters = Object.keys(whole ?? {}).map((key) => `get ${key}() { return late().${key} }`)
      const itself = typeof whole === 'function' ? '(...words) => late()(...words)' : '{}'
      return `const late = () => process.getBuiltinModule('${name}')
const parts = { ${getters.join(', ')} }
module.exports = Object.defineProperties(${itself}, Object.getOwnPropertyDescriptors(parts))`
    },
  }
}

/** Leaves out of ws what only a server needs, streams, and compression, which we never offer. */
export function clientOnly(): Plugin {
  const modules = /^\.\/(?:lib\/)?(?:websocket-server|stream|permessage-deflate)(?:\.js)?$/
  return leftOut('client-only', modules, '/node_modules/ws/', '{}')
}

/** Leaves out what pino would start threads with: its lines are written by the thread they are made in. */
export function oneThread(): Plugin {
  const others = /^(?:worker_threads|\.(?:\/lib)?\/(?:transport|multistream))$/
  return leftOut('one-thread', others, '/node_modules/pino/', '{ isMainThread: true }')
}

/** Puts an object in the place of modules that a package asks for by these names. */
function leftOut(name: string, modules: RegExp, asker: string, instead: string): Plugin {
  const mark = `\0${name}:`
  return {
    name,
    resolveId: (id, from = '') => (modules.test(id) && from.includes(asker) ? mark + id : null),
    load: (id) => (id.startsWith(mark) ? `module.exports = ${instead}` : null),
  }
}
