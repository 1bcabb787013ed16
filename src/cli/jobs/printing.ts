/**
 * What a job is printed by, whoever runs it and whoever has submitted it.
 */
import type { JobOptions } from '../../core/job.ts'
import type { Spec } from '../../core/spec.ts'
import type { Context } from '../command.ts'
import { Progress, progressLine } from './progress.ts'
import { Publication } from './publish.ts'
import { runOutput } from './run-output.ts'
import type { RunOutput } from './run-output.ts'

export interface Printing {
  readonly spec: Spec
  readonly options: JobOptions
  readonly publication: Publication
  readonly output: RunOutput
  readonly progress: Progress
  /** A line for people, which does not get mixed with the progress line. */
  readonly warn: (text: string) => void
}

export interface PrintingInit {
  readonly spec: Spec
  readonly options: JobOptions
  readonly flags: { readonly keepOrder: boolean; readonly tag: boolean; readonly json: boolean }
  /** Somebody types the inputs, on the same terminal. */
  readonly isTyping: boolean
}

export function printing(
  { spec, options, flags, isTyping }: PrintingInit,
  context: Context
): Printing {
  const publication: Publication = new Publication({
    spec,
    options,
    keepOrder: flags.keepOrder,
    print: (settled, read) => output.print(settled, read),
    onNotice: (notice) => output.onNotice?.(notice)
  })
  const progress = new Progress(context, () => progressLine(publication), isTyping)
  const output = runOutput(flags, context, publication, progress)
  const warn = (text: string): void => {
    progress.clear()
    context.stderr(`p2pjobs: ${text}\n`)
  }
  return { spec, options, publication, output, progress, warn }
}
