import Type, { type Static } from 'typebox'

const strict = { additionalProperties: false } as const
const Millis = Type.Integer({ minimum: -8.64e15, maximum: 8.64e15 })
const Count = Type.Integer({ minimum: 0 })

/** Where an address failed before, and how often. */
export const FailedOn = Type.Array(Type.Object({ host: Type.String(), attempts: Count }, strict))
export type FailedOn = Static<typeof FailedOn>

/** A login from an address that had failed before, anywhere in the fleet. */
export const Alert = Type.Object(
  {
    ip: Type.String(),
    host: Type.String(),
    /** Empty where the log does not say. */
    user: Type.String(),
    /** ms UTC of the login. */
    at: Millis,
    /** Attempts of the address before it, on all hosts together. */
    failed: Count,
    failedOn: FailedOn,
    /** Logins of this kind so far, this one included. */
    times: Type.Integer({ minimum: 1 }),
  },
  strict,
)
export type Alert = Static<typeof Alert>
