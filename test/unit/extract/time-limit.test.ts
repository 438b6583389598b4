import { stat } from 'node:fs';
import { expect, it } from 'vitest';
import { TimeLimitReached, withTimeLimit } from '../../../src/extract/time-limit.ts';
import { createManualTimer } from '../../support/virtual-timer.ts';

const never = new AbortController().signal;

function abortableItems(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function blockFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('work that takes too long is aborted with the limit', async () => {
  const error = await withTimeLimit(never, 5, abortableItems).catch((reason: unknown) => reason);
  expect(error).toEqual(new TimeLimitReached(5));
});

it('what arrived while the process was busy is not too late', async () => {
  const arrival = (signal: AbortSignal) =>
    Promise.race([
      abortableItems(signal),
      new Promise<string>((resolve) => {
        stat('.', () => resolve('arrived'));
        blockFor(50);
      }),
    ]);
  // Begun while input is handled: timers come next, more input after them.
  await new Promise((resolve) => stat('.', resolve));
  expect(await withTimeLimit(never, 5, arrival)).toBe('arrived');
});

it('work that does not heed its signal is not waited for', async () => {
  await expect(withTimeLimit(never, 5, () => new Promise(() => {}))).rejects.toThrow(new TimeLimitReached(5));
});

it('stands still while it is paused, and goes on with what is left', async () => {
  const timer = createManualTimer();
  await withTimeLimit(
    never,
    1_000,
    async (_signal, limit) => {
      await timer.advance(300);
      await limit.pauseDuring(() => timer.advance(5_000));
      expect(limit.leftMs()).toBe(700);
    },
    timer,
  );
});

it('the reason of the caller passes through, and no listener stays', async () => {
  const controller = new AbortController();
  const work = withTimeLimit(controller.signal, 60_000, abortableItems);
  controller.abort(new Error('SIGTERM'));
  await expect(work).rejects.toThrow('SIGTERM');
  await expect(withTimeLimit(controller.signal, 60_000, async () => 'late')).rejects.toThrow('SIGTERM');
});
