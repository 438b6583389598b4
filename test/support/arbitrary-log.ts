/** Random logs of a few accounts: answers with every oddity that the normalizer knows, at a few colliding times. */
import fc from 'fast-check';
import { formatInstant } from '../../src/instant.ts';

/** Answers of one account at one time, as a replay line without decision. */
export interface LogItem {
  readonly appId: string;
  readonly at: number;
  readonly body: string;
}

const names = fc.constantFrom<unknown>('A', 'B', ' A\t', 'C\u0000', '', null, 7);
const keys = fc.constantFrom<unknown>(1, 2, '3', '@_all', ' 2 ', '长');
const row = fc.oneof(
  { weight: 12, arbitrary: fc.record({ name: names, value: keys }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>({ name: 'no key' }, null, 'text', { name: 'x', value: { a: 1 } }) },
);
const list = fc.array(row, { maxLength: 6 }).map((scene) => JSON.stringify({ errcode: 0, errmsg: 'ok', scene }));
const failure = fc.constantFrom('{"errcode":-1,"errmsg":"busy"}', '{"errcode":61003}', '{"errcode":0}', '<html>');
const body = fc.oneof({ weight: 8, arbitrary: list }, { weight: 2, arbitrary: failure });

/** Up to 14 observations of up to two accounts, each (account, time) once, in no order. */
export const arbitraryLog: fc.Arbitrary<LogItem[]> = fc.uniqueArray(
  fc.record({ appId: fc.constantFrom('wx1', 'wx2'), at: fc.integer({ min: 1, max: 9 }), body }),
  { minLength: 1, maxLength: 14, selector: (item) => `${item.appId} ${item.at}` },
);

/** A log and a way to cut it into at most `maxParts` files. */
export function arbitrarySplitLog(maxParts = 5) {
  return arbitraryLog.chain((log) =>
    fc.record({
      log: fc.constant(log),
      order: fc.shuffledSubarray(log, { minLength: log.length, maxLength: log.length }),
      cuts: fc.uniqueArray(fc.nat({ max: log.length }), { maxLength: maxParts - 1 }),
    }),
  );
}

export function lineOf(item: LogItem): string {
  return JSON.stringify({ app_id: item.appId, observed_at: formatInstant(instantOf(item.at)), body: item.body });
}

/** The instant of `LogItem.at`. */
export function instantOf(at: number): bigint {
  return 1_767_225_600_000_001n + BigInt(at) * 1_000_000n;
}

export function cutAt<Item>(items: readonly Item[], cuts: readonly number[]): Item[][] {
  const points = [0, ...[...cuts].sort((a, b) => a - b), items.length];
  return points.slice(1).map((end, index) => items.slice(points[index], end));
}

export function byTime(a: LogItem, b: LogItem): number {
  return a.at - b.at || (a.appId < b.appId ? -1 : 1);
}
