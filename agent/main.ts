import { endingWell } from '../shared/ending.ts'
import { endRequested } from '../shared/signals.ts'
import { findAgentConfig, programName } from './config.ts'

const words = process.argv.slice(2)
const [option = '', file] = words

// The daemon stands beside every log all year. Its own command line is understood here, so that what
// understands and serves all the others is never loaded beside it, nor its link beside a scan.
if (words.length === 3 && /^(?:-c|--config)$/.test(option) && words[2] === 'run') {
  void endingWell(programName, async () => {
    const { run } = await import('./commands/run.ts')
    await run(findAgentConfig(file), endRequested())
  })
} else if (option === 'second-half') {
  void import('./commands/second-half.ts').then(({ runSecond }) => runSecond())
} else {
  void import('./command-line.ts').then(({ runCommandLine }) =>
    runCommandLine(words, new URL(import.meta.url)),
  )
}
