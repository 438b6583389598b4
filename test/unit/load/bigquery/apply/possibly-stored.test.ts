import { expect, test } from 'vitest';
import { possiblyStoredObservations } from '../../../../../src/load/bigquery/apply/possibly-stored.ts';
import { instantAt, sampleHeadChange, sampleObservation } from '../../../../../src/load/contract/sample-rows.ts';

/** What may be stored already of the observations of `wx1` at some seconds, with these heads in the batch. */
function unproven(
  seconds: readonly number[],
  heads: readonly ReturnType<typeof sampleHeadChange>[],
): readonly number[] {
  const observations = seconds.map((n) => sampleObservation('wx1', instantAt(n)));
  const found = possiblyStoredObservations({ observations, heads });
  return seconds.filter((n) => found.some(({ observedAt }) => observedAt === instantAt(n)));
}

test('an observation newer than all of its account is proven to be new', () => {
  expect(unproven([6, 7], [sampleHeadChange('wx1', 3, instantAt(7), instantAt(5))])).toEqual([]);
  const late = instantAt(5) + 1n;
  const observations = [sampleObservation('wx1', late)];
  const heads = [sampleHeadChange('wx1', 3, late, instantAt(5))];
  expect(possiblyStoredObservations({ observations, heads })).toEqual([]);
});

test('the time of the newest one, and any before, is not', () => {
  expect(unproven([1, 5, 6], [sampleHeadChange('wx1', 3, instantAt(6), instantAt(5))])).toEqual([1, 5]);
});

test('any observation of an account that has no head is', () => {
  expect(unproven([1, 2], [sampleHeadChange('wx1', null, instantAt(2))])).toEqual([]);
});

test('one of an account whose head the batch does not change is not, whatever the others are', () => {
  expect(unproven([9], [sampleHeadChange('wx2', null, instantAt(1))])).toEqual([9]);
  expect(unproven([9], [])).toEqual([9]);
});

test('the newest attempt counts, a failed one too, not the newest answer', () => {
  const change = sampleHeadChange('wx1', 3, instantAt(8), instantAt(5));
  const before =
    change.before === null ? null : { ...change.before, lastOkAt: instantAt(2), lastObservedAt: instantAt(2) };
  expect(unproven([3, 6], [{ ...change, before }])).toEqual([3]);
});
