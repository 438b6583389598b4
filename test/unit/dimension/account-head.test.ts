import { expect, it } from 'vitest';
import { advanceHead, type DerivedHead, isSameHead } from '../../../src/dimension/account-head.ts';
import type { Observation } from '../../../src/dimension/observation.ts';

const failure: Observation = {
  appId: 'wx1',
  observedAt: 7n,
  status: 'failed',
  payloadHash: null,
  errorCode: '-1',
  errorMessage: 'busy, rid: 64af7b86-7f59782b-19648ad4',
  holdReason: null,
  decidedAt: null,
  decisionNote: null,
  runId: 'r',
};

it('the head has code and message of the newest attempt alone', () => {
  const failed = advanceHead(null, failure, undefined);
  expect([failed.lastErrorCode, failed.lastErrorMessage]).toEqual(['-1', 'busy, rid: 64af7b86-7f59782b-19648ad4']);
  const silent = advanceHead(failed, { ...failure, observedAt: 8n, errorMessage: null }, undefined);
  expect([silent.lastErrorCode, silent.lastErrorMessage]).toEqual(['-1', null]);
  const held = { ...failure, status: 'held', errorCode: null, errorMessage: null, payloadHash: 'h' } as const;
  const after = advanceHead(failed, { ...held, observedAt: 9n }, undefined);
  expect([after.lastErrorCode, after.lastErrorMessage]).toEqual([null, null]);
});

it('two heads that differ in any column are not the same', () => {
  const head: DerivedHead = {
    appId: 'wx1',
    lastOkAt: 1n,
    lastObservedAt: 2n,
    lastPayloadHash: 'h',
    lastAttemptAt: 3n,
    lastErrorCode: '-1',
    lastErrorMessage: 'busy',
    removalsSuspendedSince: 1n,
  };
  expect(isSameHead(head, { ...head })).toBe(true);
  const others: DerivedHead[] = [
    { ...head, appId: 'wx2' },
    { ...head, lastOkAt: null },
    { ...head, lastObservedAt: 1n },
    { ...head, lastPayloadHash: null },
    { ...head, lastAttemptAt: 4n },
    { ...head, lastErrorCode: '40001' },
    { ...head, lastErrorMessage: 'busy, rid' },
    { ...head, removalsSuspendedSince: null },
  ];
  expect(others).toHaveLength(Object.keys(head).length);
  expect(others.filter((other) => isSameHead(head, other))).toEqual([]);
});
