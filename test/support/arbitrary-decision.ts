/** Random decisions about what was observed last. */
import fc from 'fast-check';
import { accept, hold } from '../../src/pipeline/decide.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';

/** Lets the newest held answer of an account through, or takes its newest good one out. */
export interface NewestDecision {
  readonly appId: string;
  readonly isAccept: boolean;
  readonly note: string | undefined;
}

export const arbitraryDecision: fc.Arbitrary<NewestDecision> = fc.record({
  appId: fc.constantFrom('wx1', 'wx2'),
  isAccept: fc.boolean(),
  note: fc.constantFrom(undefined, 'asked them', '  问过店长\t“属实” \\n'),
});

/** Does nothing when the account has no such answer. */
export async function decide(context: RunContext, { appId, isAccept, note }: NewestDecision): Promise<void> {
  if (isAccept) await accept(context, { appId, observedAt: null, note });
  else await holdNewest(context, appId, note);
}

async function holdNewest(context: RunContext, appId: string, note: string | undefined): Promise<void> {
  let newestOk: bigint | undefined;
  for await (const { status, observedAt } of context.loader.readObservations({ appIds: [appId] }, context.signal)) {
    if (status === 'ok') newestOk = observedAt;
  }
  if (newestOk !== undefined) await hold(context, { appId, observedAt: newestOk, note });
}
