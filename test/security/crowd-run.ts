/** `npm run crowd [-- --agents 5000 --processes 4]`: prints what came of it, as JSON. */
import { parseArgs } from 'node:util'
import { playCrowd } from './crowd.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { agents: text, processes: text, within: text } })
const crowd = await playCrowd(
  Number(values.agents ?? 5000),
  Number(values.processes ?? 4),
  Number(values.within ?? 300),
)
process.stdout.write(`${JSON.stringify(crowd, null, 2)}\n`)
process.exitCode = crowd.wrong === 0 && crowd.backSeconds <= 60 ? 0 : 1
