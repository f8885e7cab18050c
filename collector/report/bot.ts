import { Agent } from 'node:https'
import { Api, GrammyError } from 'grammy'
import { redactor } from './telegram.ts'

/** What the token's bot is called, or why nobody can say (Bot API getMe). The token is in neither. */
export async function whoIs(
  token: string,
  apiRoot: string,
): Promise<{ ok: true; name: string } | { ok: false; why: string }> {
  // Said outright: the environment (NODE_TLS_REJECT_UNAUTHORIZED) must not be able to unsay it.
  const agent = new Agent({ rejectUnauthorized: true })
  const secure = apiRoot.startsWith('https:') ? { agent } : {}
  const api = new Api(token, {
    apiRoot: apiRoot.replace(/\/+$/, ''),
    timeoutSeconds: 10,
    // A redirect would carry the token wherever it points.
    baseFetchConfig: { redirect: 'error', ...secure },
  })
  try {
    const { username } = await api.getMe()
    return { ok: true, name: username }
  } catch (error) {
    // Other errors carry the address of the call, and with it the token.
    if (!(error instanceof GrammyError)) return { ok: false, why: `${apiRoot} cannot be reached` }
    return error.error_code === 401 || error.error_code === 404
      ? { ok: false, why: 'the token is not known there; copy it again from @BotFather' }
      : { ok: false, why: redactor(token)(error.description) }
  }
}
