import { chunksOf, chunksOfStream } from '../../chunks.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Loader } from '../../load/loader.ts';
import type { NormalizedAnswer } from '../../normalize/snapshot.ts';
import type { AnswerCache } from './answer-cache.ts';
import { hashPayload } from './hash-payload.ts';

/** The log of some accounts (all when `appIds` is left out), by account and time, in bounded memory. */
export async function* readLog(
  loader: Loader,
  appIds: readonly string[] | undefined,
  answers: AnswerCache,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const observations = loader.readObservations(appIds === undefined ? {} : { appIds }, signal);
  for await (const chunk of chunksOfStream(observations, loader.limits.readPayloads)) {
    const hashes = chunk.map(({ payloadHash }) => payloadHash);
    yield* withAnswers(chunk, await readAnswers(loader, hashes, answers, signal));
  }
}

/** A stored observation and what its payload says; undefined when it has none. */
export interface LogEntry {
  readonly observation: Observation;
  readonly answer: NormalizedAnswer | undefined;
}

export function withAnswers(observations: readonly Observation[], known: Answers): LogEntry[] {
  return observations.map((observation) => ({ observation, answer: known.get(observation.payloadHash ?? '') }));
}

/** What payloads say, by hash. */
export type Answers = ReadonlyMap<string, NormalizedAnswer>;

/** What stored payloads say, by hash. A payload that is missing or damaged is missing from the result. */
export async function readAnswers(
  loader: Loader,
  payloadHashes: Iterable<string | null>,
  answers: AnswerCache,
  signal: AbortSignal,
): Promise<Answers> {
  const result = new Map<string, NormalizedAnswer>();
  const wanted = new Set<string>();
  for (const payloadHash of payloadHashes) {
    if (payloadHash === null || result.has(payloadHash)) continue;
    const known = answers.get(payloadHash);
    if (known === undefined) wanted.add(payloadHash);
    else result.set(payloadHash, known);
  }
  for (const hashes of chunksOf([...wanted], loader.limits.readPayloads)) {
    for (const [payloadHash, body] of await loader.readPayloads(hashes, signal)) {
      if (hashPayload(body) === payloadHash) result.set(payloadHash, answers.normalize(payloadHash, body));
    }
  }
  return result;
}
