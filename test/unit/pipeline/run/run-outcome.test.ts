import { describe, expect, it } from 'vitest';
import { ScenedimError } from '../../../../src/errors.ts';
import { addCounts, noCounts, type RunCounts } from '../../../../src/load/run-counts.ts';
import { exitCodeOf, noFacts as none, outcomeOf } from '../../../../src/pipeline/run/run-outcome.ts';

const countsOf = ({ opened = 0, ...accounts }: Partial<RunCounts['accounts'] & { opened: number }>): RunCounts =>
  addCounts(noCounts, { accounts, versions: { opened } });
const shrunk = { ...none, isRosterRefused: true };
const stoppedBy = new ScenedimError('config_invalid', 'IP not in the whitelist');
const outage = new ScenedimError('source_unreachable', 'WeChat is down');
const outOfTime = new ScenedimError('out_of_time', 'the time is over');

describe('how a run ends', () => {
  it.each([
    ['something changed', { selected: 2, changed: 1, opened: 1 }, none, 'ok', 0],
    ['nothing changed', { selected: 2, unchanged: 2 }, none, 'nothing_changed', 0],
    ['no account at all', {}, none, 'nothing_changed', 0],
    ['every account skipped', { selected: 2, skipped: 2 }, none, 'nothing_changed', 0],
    ['every account fresh', { selected: 2, fresh: 2 }, none, 'nothing_changed', 0],
    ['one held', { selected: 2, held: 1, opened: 1 }, none, 'refused', 65],
    ['a short list of the platform', { selected: 2, changed: 1, opened: 1 }, shrunk, 'refused', 65],
    ['a list without accounts', {}, shrunk, 'refused', 65],
    ['a short list, one failed', { selected: 2, failed: 1 }, shrunk, 'partial', 75],
    ['one failed', { selected: 2, failed: 1 }, none, 'partial', 75],
    ['one failed, one held', { selected: 2, failed: 1, held: 1 }, none, 'partial', 75],
    ['every account failed', { selected: 2, failed: 2 }, none, 'failed', 75],
    ['nothing answered', { selected: 2, failed: 2 }, { ...none, unreachable: 2 }, 'failed', 69],
    ['one did not answer', { selected: 2, failed: 1 }, { ...none, unreachable: 1 }, 'partial', 75],
    [
      'all that were tried did not answer',
      { selected: 3, fresh: 1, failed: 2 },
      { ...none, unreachable: 2 },
      'failed',
      69,
    ],
    ['every secret wrong', { selected: 2, failed: 2 }, { ...none, credentialsRefused: 2 }, 'failed', 77],
    ['one secret wrong', { selected: 2, failed: 1 }, { ...none, credentialsRefused: 1 }, 'partial', 75],
    [
      'no secret can be read',
      { selected: 2, failed: 2 },
      { ...none, credentialsRefused: 2, misconfigured: 2 },
      'failed',
      78,
    ],
    [
      'one secret cannot be read, the other is wrong',
      { selected: 2, failed: 2 },
      { ...none, credentialsRefused: 2, misconfigured: 1 },
      'failed',
      77,
    ],
    ['every account unavailable, none ever read', { selected: 2, skipped: 2 }, { ...none, neverRead: 2 }, 'failed', 77],
    [
      'one unavailable, one refused, none ever read',
      { selected: 2, skipped: 1, failed: 1 },
      { ...none, credentialsRefused: 1, neverRead: 2 },
      'failed',
      77,
    ],
    [
      'every account unavailable, one read once',
      { selected: 2, skipped: 2 },
      { ...none, neverRead: 1 },
      'nothing_changed',
      0,
    ],
    [
      'one unavailable, one busy, none ever read',
      { selected: 2, skipped: 1, failed: 1 },
      { ...none, neverRead: 2 },
      'partial',
      75,
    ],
    ['stopped by the whitelist', { selected: 2, failed: 1 }, { ...none, stoppedBy }, 'failed', 78],
    [
      'stopped by an outage',
      { selected: 9, changed: 1, failed: 2, unreached: 6 },
      { ...none, stoppedBy: outage },
      'failed',
      69,
    ],
    ['out of time', { selected: 3, changed: 1, unreached: 2 }, { ...none, stoppedBy: outOfTime }, 'partial', 75],
    ['out of time, one held', { selected: 3, held: 1, unreached: 2 }, { ...none, stoppedBy: outOfTime }, 'partial', 75],
    ['out of time at once', { selected: 3, unreached: 3 }, { ...none, stoppedBy: outOfTime }, 'partial', 75],
    [
      'out of time, nothing answered',
      { selected: 3, failed: 2, unreached: 1 },
      { ...none, unreachable: 2, stoppedBy: outOfTime },
      'failed',
      69,
    ],
  ] as const)('%s', (_, counts, facts, outcome, exitCode) => {
    expect(outcomeOf(countsOf(counts), facts, false)).toBe(outcome);
    expect(exitCodeOf(countsOf(counts), facts)).toBe(exitCode);
  });

  it('an interrupted run is partial', () => {
    expect(outcomeOf(countsOf({ selected: 1, unchanged: 1 }), none, true)).toBe('partial');
  });
});
