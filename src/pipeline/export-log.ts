import { chunksOfStream } from '../chunks.ts';
import { isGivenUp, type Observation } from '../dimension/observation.ts';
import { ScenedimError } from '../errors.ts';
import { formatInstant } from '../instant.ts';
import type { Loader } from '../load/loader.ts';
import { formatReplayLine } from './replay-lines/replay-line.ts';
import { requireSchema } from './run/require-target.ts';

/** The stored observations with their decisions, in the format that `replay` reads, ordered by account and time. */
export async function* exportLog(loader: Loader, signal: AbortSignal): AsyncGenerator<string> {
  await requireSchema(loader, signal);
  for await (const chunk of chunksOfStream(loader.readObservations({}, signal), loader.limits.readPayloads)) {
    yield await formatLines(loader, chunk, signal);
  }
}

async function formatLines(loader: Loader, observations: readonly Observation[], signal: AbortSignal): Promise<string> {
  const hashes = new Set(observations.flatMap(({ payloadHash }) => (payloadHash === null ? [] : [payloadHash])));
  const bodies = hashes.size === 0 ? new Map() : await loader.readPayloads([...hashes], signal);
  return observations.map((observation) => formatLine(observation, bodies)).join('');
}

function formatLine(observation: Observation, bodies: ReadonlyMap<string, Uint8Array>): string {
  const { payloadHash, appId, observedAt } = observation;
  if (payloadHash === null) return `${formatReplayLine(observation, null)}\n`;
  const body = bodies.get(payloadHash);
  if (body === undefined && isGivenUp(observation)) return '';
  if (body === undefined) {
    throw new ScenedimError('data_refused', `account ${appId}: the body of ${formatInstant(observedAt)} is missing`, {
      remedy: 'restore scene_payload from a backup; `scenedim verify` lists what is missing',
    });
  }
  return `${formatReplayLine(observation, body)}\n`;
}
