/** Turning the codes of an app on and off, besides the password (TOTP). */
import { useEffect, useState } from 'preact/hooks'
import { ask, happened, send } from './ask.ts'
import { Card, Copy } from './parts.tsx'

/** The settings' card about codes; nothing until it is known whether they are on. */
export function Codes() {
  const [isOn, setOn] = useState<boolean>()
  const [fresh, setFresh] = useState<{ secret: string; address: string }>()
  const [code, setCode] = useState('')
  const [said, setSaid] = useState('')
  useEffect(() => {
    ask<{ on: boolean }>('codes').then(
      ({ on }) => setOn(on),
      () => undefined,
    )
  }, [])
  const act = async (work: () => Promise<void>) => {
    try {
      await work()
      setSaid('')
    } catch (error) {
      setSaid(error instanceof Error ? error.message : 'It did not work.')
    }
    setCode('')
  }
  const begin = () => act(async () => setFresh(await send('POST', 'codes/new')))
  const finish = (event: Event) => {
    event.preventDefault()
    void act(async () => {
      const body = fresh === undefined ? { code } : { secret: fresh.secret, code }
      const { on } = await send<{ on: boolean }>(
        fresh === undefined ? 'DELETE' : 'PUT',
        'codes',
        body,
      )
      setOn(on)
      setFresh(undefined)
      happened.value = 300 + Math.random()
    })
  }
  if (isOn === undefined) return null
  return (
    <Card title="Codes for logging in" label="Codes for logging in">
      <p>
        {isOn
          ? 'Logging in asks for a code out of your app besides the password.'
          : 'An app on your phone can show a code that logging in asks for besides the password.'}
      </p>
      {fresh !== undefined && (
        <>
          <p>
            Add this key to the app, or <a href={fresh.address}>open it there</a>, then type the
            code it shows.
          </p>
          <div class="command">
            <code>{fresh.secret.match(/.{4}/g)?.join(' ')}</code>
            <Copy text={fresh.secret} what="the key" />
          </div>
        </>
      )}
      {isOn || fresh !== undefined ? (
        <form class="actions" onSubmit={finish}>
          <input
            name="code"
            aria-label="Code"
            placeholder="Code"
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={6}
            required
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
          <button type="submit">{isOn ? 'Ask for no codes' : 'Turn on'}</button>
        </form>
      ) : (
        <p class="actions">
          <button type="button" onClick={() => void begin()}>
            Set up codes
          </button>
        </p>
      )}
      <p role="status">{said}</p>
    </Card>
  )
}
