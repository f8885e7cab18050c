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
  const mark = '\0client-only:'
  return {
    name: 'client-only',
    resolveId: (id, from = '') =>
      modules.test(id) && from.includes('/node_modules/ws/') ? mark + id : null,
    load: (id) => (id.startsWith(mark) ? 'module.exports = {}' : null),
  }
}
