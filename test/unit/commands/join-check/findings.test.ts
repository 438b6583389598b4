import { expect, test } from 'vitest';
import { findingsOf } from '../../../../src/commands/join-check/findings.ts';
import { type Outcome, outcomes } from '../../../../src/commands/join-check/measure-sql.ts';
import type { Measurement } from '../../../../src/commands/join-check/measurement.ts';
import type { JoinSubject } from '../../../../src/commands/join-check/subject.ts';

const subject = {
  ...{ bridge: false, index: null, appId: null, time: null, timeZone: 'UTC' },
  scene: { name: 'code', quotedName: 'code', type: 'text', kind: 'text', collation: null },
} as unknown as JoinSubject;

function countsOf(counts: Partial<Record<Outcome, number>>): Record<Outcome, number> {
  return Object.fromEntries(outcomes.map((outcome) => [outcome, counts[outcome] ?? 0])) as Record<Outcome, number>;
}

test('message and number of a finding about accounts have the visits of codes beyond those that are listed', () => {
  const measured: Measurement = {
    visits: 2_000,
    byOutcome: countsOf({ matched: 500, unknown_app_id: 1_500 }),
    codesOf: countsOf({ matched: 1, unknown_app_id: 1_200 }),
    counts: [
      {
        ...{ code: '4', isLaunchScene: false, outcome: 'unknown_app_id', visits: 1_000 },
        ...{ mapping: null, origin: 'official', appIds: ['wx9', 'wx10'] },
      },
    ],
    shape: { codes: 'access_source', isCleaned: false, time: null, isLarge: false },
  };
  expect(findingsOf(subject, measured, { visits: 2_000, joined: 2_000 })).toMatchObject([
    {
      code: 'unknown_app_ids',
      message: '1,500 visits (75.0 %): an account that the dimension does not know, like "wx10", "wx9"',
      visits: 1_500,
      values: [],
    },
  ]);
});
