import type { Send } from './telegram.ts'

/** A sender for a fleet without a bot: hands each part's text on, and counts it as sent. */
export function openPrinter(onPrint: (text: string) => void): Send {
  return async ({ text }) => {
    onPrint(text)
    return { kind: 'sent', id: null }
  }
}
