import { expect, test } from 'vitest';
import type { Session } from '../../../../src/commands/session/session.ts';
import { standingAfterRun } from '../../../../src/commands/target/standing-after-run.ts';
import type { Config } from '../../../../src/config/load-config.ts';
import type { AccountHead } from '../../../../src/dimension/account-head.ts';
import { ScenedimError } from '../../../../src/errors.ts';
import type { RunContext } from '../../../../src/pipeline/run/run-context.ts';

const config = { source: undefined } as unknown as Config;

function stageOf(readHeads: () => AsyncGenerator<AccountHead>, signal = new AbortController().signal) {
  const warnings: unknown[] = [];
  const logger = { warn: (...given: unknown[]) => warnings.push(given) };
  const redactor = { redact: (text: string) => text.replace('geheim', '[redacted]') };
  const readObservations = () => expect.unreachable('no log is read where nothing is held');
  const loader = { readHeads, readObservations, limits: { readAccounts: 500 } };
  return {
    warnings,
    standing: () =>
      standingAfterRun(
        { signal, logger, redactor } as unknown as Session,
        config,
        { loader, signal } as unknown as RunContext,
        null,
      ),
  };
}

const headOf = (index: number): AccountHead => ({
  appId: `wx${index}`,
  revision: 1,
  lastOkAt: BigInt(1_000_000 + index),
  lastObservedAt: BigInt(1_000_000 + index),
  lastPayloadHash: 'x',
  lastAttemptAt: BigInt(1_000_000 + index),
  lastErrorCode: null,
  lastErrorMessage: null,
  removalsSuspendedSince: null,
});

test('100,000 accounts are read once, and none is kept', async () => {
  let reads = 0;
  const stage = stageOf(async function* () {
    reads += 1;
    for (let index = 100_000; index > 0; index -= 1) yield headOf(index);
  });
  const accounts = { ok: 100_000, failed: 0, held: 0, removals_suspended: 0, never_asked: 0 };
  expect(await stage.standing()).toEqual({ accounts, oldestAnswerAt: 1_000_001n });
  expect([reads, stage.warnings]).toEqual([1, []]);
});

test('a target that cannot be read is a warning without secrets, and no failure', async () => {
  // biome-ignore lint/correctness/useYield: it fails before
  const stage = stageOf(async function* () {
    throw new ScenedimError('target_unreachable', 'the server went away, geheim');
  });
  expect(await stage.standing()).toBeNull();
  const message = 'how fresh the accounts are could not be read for the metrics';
  expect(stage.warnings).toEqual([[{ error: 'the server went away, [redacted]' }, message]]);
});

test('a run that is stopped reads nothing, and is not told that it could not', async () => {
  const stage = stageOf(() => expect.unreachable(), AbortSignal.abort());
  expect(await stage.standing()).toBeNull();
  const stopping = new AbortController();
  const later = stageOf(async function* () {
    yield headOf(1);
    stopping.abort();
    yield headOf(2);
  }, stopping.signal);
  expect(await later.standing()).toBeNull();
  expect([stage.warnings, later.warnings]).toEqual([[], []]);
});
