import { describe, expect, it } from 'vitest';
import { databaseLimits } from '../../../../src/load/loader-limits.ts';
import { BatchBuilder, OVERSIZE_FACTOR, type PendingObservation } from '../../../../src/pipeline/batch/batch.ts';

function incoming(at: number, payloadHash: string | null = null): PendingObservation {
  return {
    observedAt: BigInt(at),
    failure: { kind: 'failure', code: '-1', message: '' },
    payloadHash,
    recorded: null,
    origin: at,
  };
}

describe('a batch', () => {
  it('is cut before the account after the thousandth', () => {
    const builder = new BatchBuilder(databaseLimits);
    for (let account = 0; account < databaseLimits.batchAccounts; account += 1) {
      expect(builder.isFullBefore(`wx${account}`)).toBe(false);
      builder.add(`wx${account}`, incoming(1), null);
    }
    expect(builder.isFullBefore(`wx${databaseLimits.batchAccounts - 1}`)).toBe(false);
    expect(builder.isFullBefore('another')).toBe(true);
  });

  it('is not cut inside an account at 10,000 observations, but before the next one', () => {
    const builder = new BatchBuilder(databaseLimits);
    for (let at = 0; at < databaseLimits.batchObservations; at += 1) builder.add('wx1', incoming(at), null);
    expect(builder.isFullBefore('wx1')).toBe(false);
    expect(builder.isFullBefore('wx2')).toBe(true);
  });

  it('is cut inside an account that alone would fill the memory', () => {
    const builder = new BatchBuilder(databaseLimits);
    const most = databaseLimits.batchObservations * OVERSIZE_FACTOR;
    for (let at = 0; at < most; at += 1) builder.add('wx1', incoming(at), null);
    expect(builder.isFullBefore('wx1')).toBe(true);
  });

  it('counts the bytes of equal bodies once', () => {
    const builder = new BatchBuilder(databaseLimits);
    const body = new Uint8Array(1024 * 1024);
    for (let at = 0; at < 100; at += 1) builder.add(`wx${at}`, incoming(at, 'same'), body);
    expect(builder.isFullBefore('another')).toBe(false);
    for (let at = 0; at < 32; at += 1) builder.add(`wy${at}`, incoming(at, `hash ${at}`), body);
    expect(builder.isFullBefore('another')).toBe(true);
    expect(builder.take().payloads.size).toBe(33);
  });

  it('is cut at as many days as the limits say, even inside an account', () => {
    const builder = new BatchBuilder({ ...databaseLimits, batchDays: 2 });
    const day = 86_400_000_000;
    builder.add('wx1', incoming(0), null);
    builder.add('wx1', incoming(day - 1), null);
    expect(builder.isFullBefore('wx2')).toBe(false);
    builder.add('wx2', incoming(day), null);
    expect([builder.isFullBefore('wx2'), builder.isFullBefore('wx3')]).toEqual([true, true]);
    builder.take();
    expect(builder.isFullBefore('wx2')).toBe(false);
  });

  it('is cut when its first observation has waited as long as the limits say', () => {
    let nowMs = 0;
    const builder = new BatchBuilder({ ...databaseLimits, batchAgeMs: 600_000 }, () => nowMs);
    nowMs = 50;
    builder.add('wx1', incoming(1), null);
    nowMs = 600_049;
    expect(builder.isFullBefore('wx2')).toBe(false);
    nowMs = 600_050;
    expect(builder.isFullBefore('wx2')).toBe(true);
    builder.take();
    expect(builder.isFullBefore('wx2')).toBe(false);
  });

  it('hands out each account in order of time and is empty afterwards', () => {
    const builder = new BatchBuilder(databaseLimits);
    for (const at of [3, 1, 2]) builder.add('wx1', incoming(at), null);
    expect(
      builder
        .take()
        .accounts.get('wx1')
        ?.map(({ observedAt }) => observedAt),
    ).toEqual([1n, 2n, 3n]);
    expect(builder.isEmpty).toBe(true);
    expect(builder.take().accounts.size).toBe(0);
  });
});
