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
      const keys = Object.keys(process.getBuiltinModule(name) ?? {})
      const getters = keys.map((key) => `get ${key}() { return late().${key} }`)
      return `const late = () => process.getBuiltinModule('${name}')\nmodule.exports = { ${getters.join(', ')} }`
    },
  }
}

/** Leaves out what pino would start threads with: its lines are written by the thread they are made in. */
export function oneThread(): Plugin {
  return {
    name: 'one-thread',
    resolveId: (id) => (id === 'thread-stream' || id === 'worker_threads' ? `\0one:${id}` : null),
    load: (id) => (id.startsWith('\0one:') ? 'module.exports = { isMainThread: true }' : null),
  }
}
