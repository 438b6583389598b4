import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../../src/extract/rate-limiter.ts';
import { createManualTimer } from '../../support/virtual-timer.ts';

const never = new AbortController().signal;

async function admissions(ratePerSecond: number, count: number): Promise<readonly number[]> {
  const timer = createManualTimer();
  const limiter = createRateLimiter(ratePerSecond, timer);
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) void limiter.take(never).then(() => times.push(timer.now()));
  await timer.advance(60_000);
  return times;
}

describe('the rate limiter', () => {
  it('admits the first at once and the others evenly spaced', async () => {
    expect(await admissions(4, 6)).toEqual([0, 250, 500, 750, 1000, 1250]);
  });

  it('takes rates below one a second', async () => {
    expect(await admissions(0.1, 3)).toEqual([0, 10_000, 20_000]);
  });

  it('gives no burst after idle time', async () => {
    const timer = createManualTimer();
    const limiter = createRateLimiter(10, timer);
    await limiter.take(never);
    await timer.advance(60_000);
    let admitted = 0;
    for (let i = 0; i < 30; i += 1)
      void limiter.take(never).then(() => {
        admitted += 1;
      });
    await timer.advance(999);
    expect(admitted).toBe(10);
    await timer.advance(1);
    expect(admitted).toBe(11);
  });

  it('holds any second to one more than the rate, however late the timers fire', async () => {
    let time = 0;
    let seed = 7;
    const late = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % 60;
    };
    const limiter = createRateLimiter(50, {
      now: () => time,
      sleep: async (ms) => {
        time += ms + late();
      },
    });
    const times: number[] = [];
    for (let i = 0; i < 500; i += 1) {
      await limiter.take(never);
      times.push(time);
    }
    const fullest = Math.max(
      ...times.map((start) => times.filter((other) => other >= start && other < start + 1000).length),
    );
    expect(fullest).toBeLessThanOrEqual(51);
  });

  it('makes up for timers that fire a little late', async () => {
    let time = 0;
    const limiter = createRateLimiter(50, {
      now: () => time,
      sleep: async (ms) => {
        time += ms + 3;
      },
    });
    for (let i = 0; i < 501; i += 1) await limiter.take(never);
    expect(time).toBeLessThanOrEqual(10_010);
  });

  it('lets go of a waiter as soon as it is aborted, and gives its turn to the next', async () => {
    const timer = createManualTimer();
    const limiter = createRateLimiter(1, timer);
    await limiter.take(never);
    const controller = new AbortController();
    const aborted = limiter.take(controller.signal);
    let admittedAt = -1;
    void limiter.take(never).then(() => (admittedAt = timer.now()));
    await timer.advance(500);
    controller.abort(new Error('stop'));
    await expect(aborted).rejects.toThrow('stop');
    await timer.advance(1000);
    expect(admittedAt).toBe(1000);
  });

  it('still spaces requests after everybody who waited was aborted', async () => {
    const timer = createManualTimer();
    const limiter = createRateLimiter(1, timer);
    await limiter.take(never);
    const controller = new AbortController();
    const aborted = limiter.take(controller.signal);
    controller.abort(new Error('stop'));
    await expect(aborted).rejects.toThrow('stop');
    let admittedAt = -1;
    void limiter.take(never).then(() => (admittedAt = timer.now()));
    await timer.advance(5000);
    expect(admittedAt).toBe(1000);
  });

  it.each([4, Number.POSITIVE_INFINITY])('admits nobody during a pause, at a rate of %d', async (rate) => {
    const timer = createManualTimer();
    const limiter = createRateLimiter(rate, timer);
    const times: number[] = [];
    const take = () => void limiter.take(never).then(() => times.push(timer.now()));
    take();
    await timer.advance(100);
    limiter.pause(60_000);
    limiter.pause(1_000);
    take();
    take();
    await timer.advance(120_000);
    take();
    await timer.advance(0);
    const between = rate === 4 ? 250 : 0;
    expect(times).toEqual([0, 60_100, 60_100 + between, 120_100]);
  });

  it('does not wait at an infinite rate, and refuses a rate that is not positive', async () => {
    expect(await admissions(Number.POSITIVE_INFINITY, 3)).toEqual([0, 0, 0]);
    for (const rate of [0, -1, Number.NaN]) expect(() => createRateLimiter(rate)).toThrow(/must be greater than 0/);
  });
});
