/** `p2pjobs token`: the line to paste on other machines. */
import { keptCredentials, noNetwork, placeOf, tokenOf } from '../../node/credentials.ts'
import { defineCommand, ExitCode } from '../command.ts'
import { tokenTable } from '../flags.ts'

export const tokenCommand = defineCommand(tokenTable, async ({ full, network }, context) => {
  const place = placeOf(context.env, network, (line) => context.stderr(`p2pjobs: ${line}\n`))
  const credentials = keptCredentials(place)
  if (credentials === undefined) throw noNetwork(place, '`p2pjobs node` asks for it')
  await context.stdout(`${tokenOf(credentials, full ? 'full' : 'work')}\n`)
  return ExitCode.ok
})
