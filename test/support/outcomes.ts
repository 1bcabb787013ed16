/**
 * What the program's output has to look like, whatever it says.
 */
import { expect } from 'chai'
import { jsonEvents } from '../../src/cli/json-events.ts'
import type { JsonField } from '../../src/cli/json-events.ts'
import type { JsonLine } from './line-process.ts'
import type { Finished } from './program.ts'

/** It failed with this exit status, and said why in one line on stderr and nowhere else. */
export function expectRefusal(finished: Finished, code: number, ...reasons: RegExp[]): void {
  expect(finished).to.include({ code, signal: null, stdout: '' })
  expect(finished.stderr).to.match(/^p2pjobs: [^\n]+\n$/)
  for (const reason of reasons) expect(finished.stderr).to.match(reason)
}

/** Every line is one of the documented events, with all its documented fields and no other. */
export function expectDocumented(lines: readonly JsonLine[]): void {
  const problems = lines.flatMap((line) => {
    const event = jsonEvents.find((each) => each.event === line['event'])
    if (event === undefined) return [`no event is called ${String(line['event'])}`]
    const allowed = ['event', ...event.fields.flatMap(namesOf)]
    const unknown = Object.keys(line).filter((name) => !allowed.includes(name))
    const wrong = event.fields.filter((field) => {
      const found = namesOf(field).filter((name) => name in line).length
      return field.isOptional === true ? found > 1 : found !== 1
    })
    return [
      ...unknown.map((name) => `${event.event} has ${name}, which is not documented`),
      ...wrong.map(({ name }) => `${event.event} has not exactly one ${name}`)
    ]
  })
  expect(problems).to.deep.equal([])
}

function namesOf({ name, isBytes }: JsonField): string[] {
  return isBytes === true ? [name, `${name}Base64`] : [name]
}

/** The JSON lines of a text, of which there is nothing else. */
export function jsonLinesOf(text: string): JsonLine[] {
  expect(text.endsWith('\n')).to.equal(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine)
}
