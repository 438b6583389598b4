import { expect, test } from 'vitest';
import { LateEnd } from '../../../../src/commands/session/late-end.ts';

const first = new Error('first');
const second = new Error('second');

function stage() {
  const events: unknown[] = [];
  const lateEnd = new LateEnd(
    (error) => void events.push(['shown', error]),
    (status) => void events.push(['exit', status]),
  );
  return { events, lateEnd };
}

test('a run that tells its end is waited for, and a second defect does not cut it short', async () => {
  const { events, lateEnd } = stage();
  const telling = Promise.withResolvers<boolean>();
  lateEnd.watch(async (error) => {
    events.push(['told', error]);
    return telling.promise;
  });
  const ending = lateEnd.end(first, 70);
  await lateEnd.end(second, 70);
  expect(events).toEqual([['told', first]]);
  telling.resolve(true);
  await ending;
  expect(events).toEqual([
    ['told', first],
    ['exit', 70],
  ]);
});

test('what no run tells is shown', async () => {
  const { events, lateEnd } = stage();
  lateEnd.watch(async () => false);
  await lateEnd.end(first, 143);
  expect(events).toEqual([
    ['shown', first],
    ['exit', 143],
  ]);
});

test('the process ends although the error cannot be shown', async () => {
  const { events, lateEnd } = stage();
  const show = () => {
    throw second;
  };
  await expect(lateEnd.end(first, 74, show)).rejects.toBe(second);
  expect(events).toEqual([['exit', 74]]);
});
