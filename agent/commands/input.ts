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

/** What is to be said of a log once it was read: that it ended too early, where it is packed; else null. */
export function endedEarly({ name, cut }: Pick<Once, 'name' | 'cut'>): string | null {
  const why = cut()
  if (why === null) return null
  return `${name} is cut off or damaged (${why}); what it holds up to there was read`
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
