/** Random decisions about what was observed last. */
import fc from 'fast-check';
import { accept, hold } from '../../src/pipeline/decide.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';

/** Lets the newest held answer of an account through, or takes its newest good one out. */
export interface NewestDecision {
  readonly appId: string;
  readonly isAccept: boolean;
}

export const arbitraryDecision: fc.Arbitrary<NewestDecision> = fc.record({
  appId: fc.constantFrom('wx1', 'wx2'),
  isAccept: fc.boolean(),
});

/** Does nothing when the account has no such answer. */
export async function decide(context: RunContext, { appId, isAccept }: NewestDecision): Promise<void> {
  if (isAccept) await accept(context, { appId, observedAt: null });
  else await holdNewest(context, appId);
}

async function holdNewest(context: RunContext, appId: string): Promise<void> {
  let newestOk: bigint | undefined;
  for await (const { status, observedAt } of context.loader.readObservations({ appIds: [appId] }, context.signal)) {
    if (status === 'ok') newestOk = observedAt;
  }
  if (newestOk !== undefined) await hold(context, { appId, observedAt: newestOk });
}
