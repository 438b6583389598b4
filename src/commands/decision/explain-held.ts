import { chunksOf } from '../../chunks.ts';
import { describeHold } from '../../dimension/guards.ts';
import { countRemovals } from '../../dimension/timeline.ts';
import type { Loader } from '../../load/loader.ts';
import { normalizeBody } from '../../normalize/normalize-body.ts';
import type { AccountStanding } from '../target/account-standing.ts';

/** So many bodies are in memory at once. */
const BODIES = 50;

/** What the waiting answer of each account would do, by app id. An account whose body is gone is left out. */
export async function explainHeld(
  loader: Loader,
  standings: readonly AccountStanding[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const explained = new Map<string, string>();
  const held = standings.flatMap(({ head: { appId }, waiting }) => (waiting === null ? [] : [{ appId, ...waiting }]));
  for (const some of chunksOf(held, BODIES)) {
    const hashes = new Set(some.flatMap(({ payloadHash }) => payloadHash ?? []));
    const bodies = await loader.readPayloads([...hashes], signal);
    const keys = new Map<string, string[]>(some.map(({ appId }) => [appId, []]));
    const query = { appIds: [...keys.keys()], openOnly: true };
    for await (const { appId, sceneKey } of loader.readVersions(query, signal)) keys.get(appId)?.push(sceneKey);
    for (const { appId, reason, payloadHash } of some) {
      const body = bodies.get(payloadHash ?? '');
      const answer = body === undefined ? undefined : normalizeBody(body);
      if (answer?.kind !== 'snapshot') continue;
      const inForce = keys.get(appId) ?? [];
      const hold = { reason, removals: countRemovals(answer, inForce), inForce: inForce.length };
      explained.set(appId, describeHold(hold));
    }
  }
  return explained;
}
