import { describe, expect, it } from 'vitest';
import { ScenedimError } from '../../../../src/errors.ts';
import type { RunCounts } from '../../../../src/load/loader.ts';
import { createRunLedger } from '../../../../src/pipeline/run/run-ledger.ts';
import { exitCodeOf, outcomeOf } from '../../../../src/pipeline/run/run-verdict.ts';

const none = { credentialsRefused: 0, credentialsUnusable: 0, unreachable: 0, stoppedBy: null };
const ledger = createRunLedger({ command: 'sync', startedAt: 1_767_225_600_000_000n, programVersion: '1' });
const countsOf = (counts: Partial<RunCounts>): RunCounts => ({ ...ledger.counts, ...counts });
const stoppedBy = new ScenedimError('config_invalid', 'IP not in the whitelist');

describe('how a run ends', () => {
  it.each([
    ['something changed', { accountsSelected: 2, accountsChanged: 1, versionsOpened: 1 }, none, 'ok', 0],
    ['nothing changed', { accountsSelected: 2, accountsUnchanged: 2 }, none, 'nothing_changed', 0],
    ['no account at all', {}, none, 'nothing_changed', 0],
    ['every account skipped', { accountsSelected: 2, accountsSkipped: 2 }, none, 'nothing_changed', 0],
    ['every account fresh', { accountsSelected: 2, accountsFresh: 2 }, none, 'nothing_changed', 0],
    ['one held', { accountsSelected: 2, accountsHeld: 1, versionsOpened: 1 }, none, 'refused', 65],
    ['one failed', { accountsSelected: 2, accountsFailed: 1 }, none, 'partial', 75],
    ['one failed, one held', { accountsSelected: 2, accountsFailed: 1, accountsHeld: 1 }, none, 'partial', 75],
    ['every account failed', { accountsSelected: 2, accountsFailed: 2 }, none, 'failed', 75],
    ['nothing answered', { accountsSelected: 2, accountsFailed: 2 }, { ...none, unreachable: 2 }, 'failed', 69],
    ['one did not answer', { accountsSelected: 2, accountsFailed: 1 }, { ...none, unreachable: 1 }, 'partial', 75],
    [
      'all that were tried did not answer',
      { accountsSelected: 3, accountsFresh: 1, accountsFailed: 2 },
      { ...none, unreachable: 2 },
      'failed',
      69,
    ],
    [
      'every secret wrong',
      { accountsSelected: 2, accountsFailed: 2 },
      { ...none, credentialsRefused: 2 },
      'failed',
      77,
    ],
    ['one secret wrong', { accountsSelected: 2, accountsFailed: 1 }, { ...none, credentialsRefused: 1 }, 'partial', 75],
    [
      'no secret can be read',
      { accountsSelected: 2, accountsFailed: 2 },
      { ...none, credentialsRefused: 2, credentialsUnusable: 2 },
      'failed',
      78,
    ],
    [
      'one secret cannot be read, the other is wrong',
      { accountsSelected: 2, accountsFailed: 2 },
      { ...none, credentialsRefused: 2, credentialsUnusable: 1 },
      'failed',
      77,
    ],
    ['stopped by the whitelist', { accountsSelected: 2, accountsFailed: 1 }, { ...none, stoppedBy }, 'failed', 78],
  ] as const)('%s', (_, counts, facts, outcome, exitCode) => {
    expect(outcomeOf(countsOf(counts), facts, false)).toBe(outcome);
    expect(exitCodeOf(countsOf(counts), facts)).toBe(exitCode);
  });

  it('an interrupted run is partial', () => {
    expect(outcomeOf(countsOf({ accountsSelected: 1, accountsUnchanged: 1 }), none, true)).toBe('partial');
  });
});
