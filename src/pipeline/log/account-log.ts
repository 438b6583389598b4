import type { Observation } from '../../dimension/observation.ts';
import type { Loader } from '../../load/loader.ts';
import type { NormalizedAnswer } from '../../normalize/snapshot.ts';
import type { AnswerCache } from './answer-cache.ts';
import { hashPayload } from './answer-cache.ts';

/** A stored observation and what its payload says; undefined when it has none. */
export interface LogEntry {
  readonly observation: Observation;
  readonly answer: NormalizedAnswer | undefined;
}

/** The log of some accounts (all when `appIds` is left out), by account and time, in bounded memory. */
export async function* readLog(
  loader: Loader,
  appIds: readonly string[] | undefined,
  answers: AnswerCache,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const { readPayloads } = loader.limits;
  let chunk: Observation[] = [];
  for await (const observation of loader.readObservations(appIds === undefined ? {} : { appIds }, signal)) {
    chunk.push(observation);
    if (chunk.length < readPayloads) continue;
    yield* withAnswers(loader, chunk, answers, signal);
    chunk = [];
  }
  yield* withAnswers(loader, chunk, answers, signal);
}

async function* withAnswers(
  loader: Loader,
  observations: readonly Observation[],
  answers: AnswerCache,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const known = await readAnswers(
    loader,
    observations.map((observation) => observation.payloadHash),
    answers,
    signal,
  );
  for (const observation of observations) {
    yield { observation, answer: observation.payloadHash === null ? undefined : known.get(observation.payloadHash) };
  }
}

/** What stored payloads say, by hash. A payload that is missing or not what its hash says is missing from the result. */
export async function readAnswers(
  loader: Loader,
  payloadHashes: Iterable<string | null>,
  answers: AnswerCache,
  signal: AbortSignal,
): Promise<Map<string, NormalizedAnswer>> {
  const result = new Map<string, NormalizedAnswer>();
  const wanted = new Set<string>();
  for (const payloadHash of payloadHashes) {
    if (payloadHash === null || result.has(payloadHash)) continue;
    const known = answers.get(payloadHash);
    if (known === undefined) wanted.add(payloadHash);
    else result.set(payloadHash, known);
  }
  const missing = [...wanted];
  const { readPayloads } = loader.limits;
  for (let start = 0; start < missing.length; start += readPayloads) {
    const bodies = await loader.readPayloads(missing.slice(start, start + readPayloads), signal);
    for (const [payloadHash, body] of bodies) {
      if (hashPayload(body) === payloadHash) result.set(payloadHash, answers.normalize(payloadHash, body));
    }
  }
  return result;
}
