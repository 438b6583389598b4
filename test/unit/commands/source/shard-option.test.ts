import { describe, expect, it } from 'vitest';
import type { Session } from '../../../../src/commands/session/session.ts';
import { parseShard, shardOf } from '../../../../src/commands/source/shard-option.ts';

function inJob(index: string, count: string): Session {
  return { environment: { JOB_COMPLETION_INDEX: index, SHARD_COUNT: count } } as unknown as Session;
}

describe('the shard of a process', () => {
  it('is that of --shard, else that of the indexed job, else everything', () => {
    expect(shardOf(inJob('2', '3'), { shard: parseShard('1/4') })).toEqual({ index: 1, count: 4 });
    expect(shardOf(inJob('2', '3'), {})).toEqual({ index: 2, count: 3 });
    expect(shardOf(inJob('2', ''), {})).toBeNull();
  });

  it.each(['4/4', '0/0', '1', '-1/4', '1/2/3', '1.5/4', '0/1000000', ''])('is not "%s"', (text) => {
    expect(() => parseShard(text)).toThrow(`--shard: "${text}" is not a shard`);
  });

  it.each([
    ['', '3'],
    ['3', '3'],
    ['1/2', '3'],
    ['1', '2/3'],
    ['x', '3'],
  ])('is not index "%s" of "%s" in a job', (index, count) => {
    const message = `JOB_COMPLETION_INDEX "${index}" and SHARD_COUNT "${count}" is not a shard`;
    expect(() => shardOf(inJob(index, count), {})).toThrow(message);
  });
});
