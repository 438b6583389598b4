import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { AccountHead } from '../../../src/dimension/account-head.ts';
import { AccountPlanner, type PlanFrom } from '../../../src/dimension/account-planner.ts';
import { choosePath } from '../../../src/dimension/choose-path.ts';
import type { IncomingObservation } from '../../../src/dimension/observation.ts';
import { isOpen } from '../../../src/dimension/version.ts';
import type { Snapshot } from '../../../src/normalize/snapshot.ts';

const guards = { empty: 'hold', minScenes: 4, maxShrink: 0.5 } as const;

function snapshot(names: Record<string, string>, rest: Partial<Snapshot> = {}): Snapshot {
  const present = new Map(Object.entries(names));
  return { kind: 'snapshot', present, unknown: new Set(), absencesUnknown: false, rejects: [], ...rest };
}

function answer(at: number, said: Snapshot, payloadHash = `hash ${at}`): IncomingObservation {
  return { observedAt: BigInt(at), answer: said, payloadHash, recorded: null, origin: at };
}

function plan(
  incoming: readonly IncomingObservation[],
  from: PlanFrom = { kind: 'start', head: null },
  settings: object = guards,
) {
  const planner = new AccountPlanner({
    appId: 'wx1',
    from,
    firstSeen: 'beginning',
    guards: { ...guards, ...settings },
    runId: 'r',
  });
  for (const each of incoming) planner.incoming(each);
  return planner.finish([]);
}

const letters = { a: 'A', b: 'B', c: 'C', d: 'D' };

describe('an account plan', () => {
  it('holds a shrinking answer and judges the next one by the last that was applied', () => {
    const shrunk = snapshot({ a: 'A' });
    const { held, versions } = plan([answer(1, snapshot(letters)), answer(2, shrunk), answer(3, shrunk)]);
    expect(held.map(({ observation, hold }) => [observation.observedAt, observation.holdReason, hold])).toEqual([
      [2n, 'shrink', { reason: 'shrink', removals: 3, inForce: 4 }],
      [3n, 'shrink', { reason: 'shrink', removals: 3, inForce: 4 }],
    ]);
    expect([...versions].every((change) => change.op === 'insert' && isOpen(change.after))).toBe(true);
  });

  it('does not hold an answer that loses exactly maxShrink', () => {
    expect(plan([answer(1, snapshot(letters)), answer(2, snapshot({ a: 'A', b: 'B' }))]).held).toEqual([]);
  });

  it('does not count unknown keys as lost', () => {
    const unclear = snapshot({ a: 'A' }, { unknown: new Set(['b', 'c', 'd']) });
    expect(plan([answer(1, snapshot(letters)), answer(2, unclear)]).held).toEqual([]);
    const keyless = snapshot({ a: 'A' }, { absencesUnknown: true });
    expect(plan([answer(1, snapshot(letters)), answer(2, keyless)]).held).toEqual([]);
  });

  it('judges an empty answer by the empty guard alone', () => {
    const accepted = plan([answer(1, snapshot(letters)), answer(2, snapshot({}))], undefined, {
      empty: 'accept',
      maxShrink: 0,
    });
    expect(accepted.held).toEqual([]);
    expect(plan([answer(1, snapshot({}))]).held).toHaveLength(1);
  });

  it('runs no guard on a recorded decision', () => {
    const recorded = {
      status: 'ok',
      holdReason: null,
      decidedAt: null,
      decisionNote: null,
      errorCode: null,
      errorMessage: null,
    } as const;
    const { held, observations } = plan([answer(1, snapshot(letters)), { ...answer(2, snapshot({})), recorded }]);
    expect(held).toEqual([]);
    expect(observations.map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  it('takes the same text, or another text that says the same, at the same time as a duplicate', () => {
    const same = plan([
      answer(1, snapshot(letters), 'h1'),
      answer(1, snapshot(letters), 'h1'),
      answer(1, snapshot(letters), 'h2'),
    ]);
    expect([same.duplicates, same.refusal]).toEqual([2, null]);
  });

  it('refuses another answer at the same time, and names it', () => {
    const other = answer(1, snapshot({ a: 'Z' }), 'h2');
    expect(plan([answer(1, snapshot(letters), 'h1'), other]).refusal?.incoming).toBe(other);
  });

  it('refuses a recorded decision on a body that is no list', () => {
    const recorded = {
      status: 'held',
      holdReason: 'shrink',
      decidedAt: null,
      decisionNote: null,
      errorCode: null,
      errorMessage: null,
    } as const;
    const broken = {
      ...answer(1, snapshot({})),
      answer: { kind: 'failure', code: '-1', message: '' } as const,
      recorded,
    };
    expect(plan([broken]).refusal?.reason).toBe('status is held but the body is no scene list');
  });

  it('refuses it at the time of a stored failure of the same code, too', () => {
    const failed = { ...answer(1, snapshot({})), answer: { kind: 'failure', code: '-1', message: 'busy' } as const };
    const recorded = {
      status: 'ok',
      holdReason: null,
      decidedAt: null,
      decisionNote: null,
      errorCode: null,
      errorMessage: null,
    } as const;
    const broken = { ...failed, recorded };
    expect(plan([failed, broken]).refusal?.incoming).toBe(broken);
  });

  it('takes a recorded failure without code or text as a duplicate of itself', () => {
    const recorded = {
      status: 'failed',
      holdReason: null,
      decidedAt: null,
      decisionNote: null,
      errorCode: null,
      errorMessage: null,
    } as const;
    const failed = { ...answer(1, snapshot(letters)), recorded };
    const { observations, duplicates, refusal } = plan([failed, failed]);
    expect(observations.map(({ status, errorCode, errorMessage }) => [status, errorCode, errorMessage])).toEqual([
      ['failed', 'unknown', null],
    ]);
    expect([duplicates, refusal]).toEqual([1, null]);
  });

  it('records no text for a failure that came without one', () => {
    const silent = { kind: 'failure', code: 'network', message: '' } as const;
    const [observation] = plan([{ ...answer(1, snapshot({}), ''), answer: silent }]).observations;
    expect(observation?.errorMessage).toBeNull();
  });

  it('remembers since when removals are suspended, until an answer whose rows all have keys', () => {
    const keyless = snapshot({ a: 'A' }, { absencesUnknown: true });
    expect(plan([answer(1, keyless), answer(2, keyless)]).head?.removalsSuspendedSince).toBe(1n);
    expect(plan([answer(1, keyless), answer(2, snapshot({ a: 'A' }))]).head?.removalsSuspendedSince).toBeNull();
  });

  it('dates a key from the beginning only while no answer said that it was absent', () => {
    const first = snapshot({ b: 'B' }, { unknown: new Set(['a']) });
    const from = (incoming: IncomingObservation[]) =>
      [...plan(incoming).versions].flatMap((change) =>
        change.op === 'insert' && change.after.sceneKey === 'a' ? [change.after.effectiveFrom] : [],
      );
    expect(from([answer(1, first), answer(2, snapshot({ a: 'A', b: 'B' }))])).toEqual([0n]);
    expect(from([answer(1, first), answer(2, snapshot({ b: 'B' })), answer(3, snapshot({ a: 'A', b: 'B' }))])).toEqual([
      3n,
    ]);
    expect(
      from([answer(1, snapshot({ b: 'B' }, { absencesUnknown: true })), answer(2, snapshot({ a: 'A', b: 'B' }))]),
    ).toEqual([0n]);
  });
});

describe('the path of a plan', () => {
  const head: AccountHead = {
    appId: 'wx1',
    revision: 1,
    lastOkAt: 5n,
    lastObservedAt: 5n,
    lastPayloadHash: 'h',
    lastAttemptAt: 7n,
    lastErrorCode: '-1',
    lastErrorMessage: 'busy',
    removalsSuspendedSince: null,
  };
  it.each([
    ['a new account reads nothing', null, [answer(1, snapshot(letters))], 'nothing'],
    ['the same body again reads nothing', head, [answer(8, snapshot(letters), 'h')], 'repeat'],
    ['another body reads the open versions', head, [answer(8, snapshot(letters), 'x')], 'open_versions'],
    ['an answer older than a failed attempt may be there', head, [answer(6, snapshot(letters), 'h')], 'perhaps_stored'],
    ['the newest ok answer once more may be there', head, [answer(5, snapshot(letters), 'h')], 'perhaps_stored'],
    ['another answer at its time may be a late one', head, [answer(5, snapshot(letters), 'x')], 'perhaps_stored'],
    ['an answer at a known time may be there', head, [answer(7, snapshot(letters), 'h')], 'perhaps_stored'],
    [
      'a late answer before a newer one reads the log',
      head,
      [answer(6, snapshot(letters), 'h'), answer(8, snapshot(letters), 'h')],
      'log',
    ],
    [
      'the first list after failures reads the log',
      { ...head, lastPayloadHash: null },
      [answer(8, snapshot(letters))],
      'log',
    ],
  ] as const)('%s', (_, from, incoming, path) => {
    const outlines = incoming.map((observation) => ({ ...observation, failure: null }));
    expect(choosePath(from, outlines)).toBe(path);
  });
});

it('plans rows that are there for whoever copies or serializes the changes', () => {
  const [change] = plan([answer(1, snapshot({ a: 'A' }))]).versions;
  const after = { sceneKey: 'a', sceneName: 'A', firstObservedAt: 1n };
  expect({ ...change }).toMatchObject({ op: 'insert', after });
  expect(deserialize(serialize(change))).toMatchObject({ op: 'insert', after });
});
