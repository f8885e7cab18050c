import { ConfigError, reason } from '../../shared/config.ts'
import { type Once, openOnce } from '../source/once.ts'
import { cannotRead } from '../source/trouble.ts'

/** A log named on the command line ("-" is standard input). Throws ConfigError where it cannot be read. */
export async function openInput(path: string): Promise<Once> {
  try {
    const once = await openOnce(path)
    return {
      ...once,
      bytes: () => readable(once, path),
      fill: async (buffer) => {
        try {
          return await once.fill(buffer)
        } catch (error) {
          throw sentence(path, error)
        }
      },
    }
  } catch (error) {
    throw sentence(path, error)
  }
}

async function* readable(once: Once, path: string): AsyncGenerator<Buffer, void, void> {
  try {
    yield* once.bytes()
  } catch (error) {
    throw sentence(path, error)
  }
}

function sentence(path: string, error: unknown): ConfigError {
  const code = Reflect.get(Object(error), 'code')
  if (code === 'ENOENT') return new ConfigError(`${path} does not exist`, { cause: error })
  const why = typeof code === 'string' ? cannotRead(path, code) : reason(error)
  return new ConfigError(why, { cause: error })
}
