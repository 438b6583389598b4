import { abortableItems } from '../abortable.ts';
import { errorCodes, isScenedimError, ScenedimError } from '../errors.ts';
import { formatInstant } from '../instant.ts';
import type { AnswerFailure } from '../normalize/snapshot.ts';
import { BatchBuilder, failureOf } from './batch/batch.ts';
import type { PlannedAccount } from './batch/plan-account.ts';
import { KnownBodies } from './replay-lines/known-bodies.ts';
import { readLines } from './replay-lines/read-lines.ts';
import { MAX_LINE_BYTES, parseReplayLine, type ReplayObservation } from './replay-lines/replay-line.ts';
import { createBatchWriter } from './run/batch-writer.ts';
import { type Run, withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import { exitCodeOf, noFacts, outcomeOf } from './run/run-outcome.ts';
import type { RunResult } from './run/run-report.ts';
import { flawOfTime } from './run/time-bounds.ts';

/**
 * Applies recorded observations. A bad line ends it: the batches before it stay, nothing of its own
 * batch is stored, and the result carries the error.
 */
export async function replay(context: RunContext, options: ReplayOptions): Promise<RunResult> {
  let badLine: { error: ScenedimError; run: Run } | undefined;
  try {
    return await withRun(context, 'replay', { kind: 'exclusive' }, async (run) => {
      try {
        await readAndApply(run, options);
      } catch (error) {
        if (isScenedimError(error, 'bad_line')) badLine = { error, run };
        throw error;
      }
      const { counts } = run.tally;
      // Its accounts fail only when what is stored of them refuses their lines.
      const isRefused = counts.accounts.failed > 0;
      const outcome = isRefused ? 'refused' : outcomeOf(counts, noFacts, false);
      const exitCode = isRefused ? errorCodes.log_shortened.exitCode : exitCodeOf(counts, noFacts);
      return { outcome, value: run.tally.result(outcome, exitCode, null) };
    });
  } catch (error) {
    if (badLine === undefined || badLine.error !== error) throw error;
    const { tally } = badLine.run;
    const { code, message, remedy = null } = badLine.error;
    tally.addProblem({ app_id: null, kind: 'bad_line', code, message, remedy });
    return tally.result('refused', badLine.error.exitCode, badLine.error);
  }
}

export interface ReplayOptions {
  readonly input: AsyncIterable<Uint8Array>;
  /** What the input is called in errors: the file, or `stdin`. */
  readonly name: string;
}

async function readAndApply(run: Run, { input, name }: ReplayOptions): Promise<void> {
  const stop = new AbortController();
  const builder = new BatchBuilder(run.context.loader.limits);
  const writer = createBatchWriter(run, stop, (refused) => assertNoRefusal(refused, name));
  const bodies = new KnownBodies();
  let done = 0;
  let lineNumber = 0;
  try {
    // The input may say nothing for hours, while the lock is lost or a batch is refused.
    const ending = AbortSignal.any([run.signal, stop.signal]);
    for await (const { line, number } of readLines(abortableItems(input, ending), {
      inputName: name,
      maxLineBytes: MAX_LINE_BYTES,
    })) {
      ending.throwIfAborted();
      lineNumber = number;
      const observation = parseReplayLine(line, bodies);
      assertPlausible(observation, run.context.clock.now());
      if (builder.isFullBefore(observation.appId)) await writer.write(builder.take());
      add(run, builder, observation, number);
      done += 1;
      if (done % 1000 === 0) run.context.onProgress?.({ done, total: null, unit: 'observations' });
    }
    ending.throwIfAborted();
    if (!builder.isEmpty) await writer.write(builder.take());
  } catch (error) {
    // What was complete before the bad line stays, and its own failure would come first.
    await writer.end();
    throw isScenedimError(error, 'bad_line') && !error.message.startsWith(`${name}:`)
      ? badLineAt(name, lineNumber, error.message, error.remedy)
      : error;
  }
  await writer.end();
  run.context.onProgress?.({ done, total: done, unit: 'observations' });
}

function add(run: Run, builder: BatchBuilder, observation: ReplayObservation, origin: number): void {
  const { appId, observedAt, payload, recorded } = observation;
  const failure = failureIn(run, observation);
  const payloadHash = payload?.payloadHash ?? null;
  const pending = { observedAt, failure, payloadHash, recorded: redactRecorded(run, recorded), origin };
  builder.add(appId, pending, payload?.body ?? null);
}

function failureIn(run: Run, { payload, parsed, recorded }: ReplayObservation): AnswerFailure | null {
  if (payload === null) {
    return { kind: 'failure', code: recorded?.errorCode ?? 'unknown', message: recorded?.errorMessage ?? '' };
  }
  return failureOf(run.answers.normalize(payload.payloadHash, payload.body, parsed), run.context);
}

function redactRecorded({ context }: Run, recorded: ReplayObservation['recorded']): ReplayObservation['recorded'] {
  if (recorded === null) return null;
  const redact = (text: string | null): string | null => text && context.redact(text);
  return { ...recorded, errorMessage: redact(recorded.errorMessage), decisionNote: redact(recorded.decisionNote) };
}

/** A recorded decision comes from a log, which is taken back as it was written. */
function assertPlausible({ observedAt, recorded }: ReplayObservation, now: bigint): void {
  const flaw = recorded === null ? flawOfTime(observedAt, now) : null;
  if (flaw !== null) throw new ScenedimError('bad_line', `observed_at ${formatInstant(observedAt)} ${flaw}`);
}

/** Of several refused lines the first in the file is named. */
function assertNoRefusal(refused: readonly PlannedAccount[], name: string): void {
  const refusals = refused.flatMap(({ plan }) => (plan.refusal === null ? [] : [plan.refusal]));
  const first = refusals.sort((a, b) => a.incoming.origin - b.incoming.origin)[0];
  if (first === undefined) return;
  throw badLineAt(name, first.incoming.origin, first.reason, undefined);
}

function badLineAt(name: string, line: number, reason: string, remedy: string | undefined): ScenedimError {
  return new ScenedimError('bad_line', `${name}:${line}: ${reason}`, {
    remedy: remedy ?? 'correct the line and run the whole file again: what is stored already is not stored twice',
  });
}
