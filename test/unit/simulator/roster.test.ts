import { expect, test } from 'vitest';
import { AccountDirectory } from '../../../src/simulator/accounts/account-directory.ts';
import type { RosterShift } from '../../../src/simulator/platform/roster.ts';
import { SimulatedPlatform } from '../../../src/simulator/platform/simulated-platform.ts';

const rule = { count: 6, appId: (index: number) => `wx${index}` };

/** Reads the roster as a client does, two rows a page: the ids of each page. */
function readPages(shifts: readonly RosterShift[]): readonly (readonly string[])[] {
  const accounts = new AccountDirectory(rule);
  const platform = new SimulatedPlatform({ componentAppId: 'wxp', rosterShifts: shifts }, accounts, () => 0n);
  const pages: string[][] = [];
  for (let offset = 0; ; offset += 2) {
    platform.beforePage(offset, 2);
    const rows = platform.roster.page(offset, 2);
    if (rows.length === 0) return pages;
    pages.push(rows.map(({ index }) => accounts.at(index).appId));
  }
}

test('without shifts the pages hold each account once, in order', () => {
  expect(readPages([])).toEqual([
    ['wx0', 'wx1'],
    ['wx2', 'wx3'],
    ['wx4', 'wx5'],
  ]);
});

test('an account that leaves before the offset makes the reader miss the one behind it', () => {
  expect(readPages([{ shift: 'revoke', appId: 'wx0', beforeOffset: 2 }])).toEqual([
    ['wx0', 'wx1'],
    ['wx3', 'wx4'],
    ['wx5'],
  ]);
});

test('an account that comes in before the offset makes the reader see one twice', () => {
  const account = { appId: 'wx-new' };
  expect(readPages([{ shift: 'authorize', account, at: 0, beforeOffset: 2 }])).toEqual([
    ['wx0', 'wx1'],
    ['wx1', 'wx2'],
    ['wx3', 'wx4'],
    ['wx5'],
  ]);
});

test('an account that comes in is the last unless a place is named', () => {
  expect(readPages([{ shift: 'authorize', account: { appId: 'wx-new' }, beforeOffset: 4 }]).at(-1)).toEqual(['wx-new']);
});

test('a shift comes between two pages for a reader whose pages overlap, too', () => {
  const platform = new SimulatedPlatform({ componentAppId: 'wxp' }, new AccountDirectory(rule), () => 0n);
  platform.shift({ shift: 'revoke', appId: 'wx0', beforeOffset: 3 });
  const sizes = [0, 2].map((offset) => {
    platform.beforePage(offset, 3);
    return platform.roster.size;
  });
  expect(sizes).toEqual([6, 5]);
});

test('a shift happens once, however often its page is read', () => {
  const platform = new SimulatedPlatform({ componentAppId: 'wxp' }, new AccountDirectory(rule), () => 0n);
  platform.shift({ shift: 'repeat', appId: 'wx0', beforeOffset: 2 });
  for (let i = 0; i < 3; i += 1) platform.beforePage(2, 2);
  expect(platform.roster.size).toBe(7);
});

test('a row can be there twice, and both go when the account leaves', () => {
  const repeat: RosterShift = { shift: 'repeat', appId: 'wx5', at: 1, beforeOffset: 0 };
  expect(readPages([repeat]).flat()).toEqual(['wx0', 'wx5', 'wx1', 'wx2', 'wx3', 'wx4', 'wx5']);
  const both = [repeat, { shift: 'revoke', appId: 'wx5', beforeOffset: 2 } as const];
  expect(readPages(both).flat()).toEqual(['wx0', 'wx5', 'wx2', 'wx3', 'wx4']);
});

test('a rule finds each of its accounts and no other, and refuses ids that do not ascend', () => {
  const accounts = new AccountDirectory(rule);
  expect(['wx0', 'wx3', 'wx5', 'wx6', 'wx', 'wx30'].map((appId) => accounts.indexOf(appId))).toEqual([
    0,
    3,
    5,
    undefined,
    undefined,
    undefined,
  ]);
  expect(() => new AccountDirectory({ count: 11, appId: (index) => `wx${index}` })).toThrow('do not ascend at 10');
});
