/** How fresh the accounts of a target are, as the metrics of a run tell it. */
import { execFile, execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { appId, createRemedyStage, type RemedyStage } from '../support/remedy-stage.ts';

const list = { errcode: 0, scene: [{ name: '二维码', value: 4 }] };
const lines = (...answers: readonly (readonly [appId: string, observedAt: string, body: object])[]) =>
  answers.map(([id, observedAt, body]) => JSON.stringify({ app_id: id, observed_at: observedAt, body })).join('\n');
const oldest = Date.UTC(2026, 0, 3) / 1000;
const none = { ok: 0, failed: 0, held: 0, removals_suspended: 0, never_asked: 0 };

/** Runs a command and reads what it leaves: its exit status, the accounts by state, and the oldest answer in seconds. */
async function standingAfter(stage: RemedyStage, ...args: readonly string[]) {
  const { code, stderr } = await stage.run([...args, '--metrics-file', 'run.prom']);
  const text = await readFile(join(stage.directory, 'run.prom'), 'utf8');
  const accounts = [...text.matchAll(/^scenedim_accounts\{.*state="(\w+)"\} (\d+)$/gm)];
  return {
    code,
    stderr,
    accounts: Object.fromEntries(accounts.map(([, state, count]) => [state, Number(count)])),
    oldest: Number(/^scenedim_oldest_answer_timestamp_seconds\{.*\} (\S+)$/m.exec(text)?.[1]),
  };
}

/** A config that lists these accounts. */
const listing = (...accounts: readonly string[]) => ({
  config: {
    source: {
      baseUrl: '${URL}',
      accounts: accounts.map((id) => ({ appId: id, accessToken: { env: 'TOKEN' } })),
    },
  },
});

describe('the accounts of a target', () => {
  const log = lines(
    ['wxok', '2026-01-03T00:00:00Z', list],
    ['wxfailed', '2026-01-04T00:00:00Z', list],
    ['wxfailed', '2026-01-05T00:00:00Z', { errcode: -1, errmsg: 'system error' }],
    ['wxunavailable', '2026-01-01T00:00:00Z', list],
    ['wxunavailable', '2026-01-06T00:00:00Z', { errcode: 48001, errmsg: 'api unauthorized' }],
    ['wxheld', '2026-01-04T00:00:00Z', list],
    ['wxheld', '2026-01-05T00:00:00Z', { errcode: 0, scene: [] }],
    ['wxsuspended', '2026-01-07T00:00:00Z', { errcode: 0, scene: [...list.scene, { name: 'x' }] }],
    ['wxgone', '2025-01-01T00:00:00Z', list],
  );
  const listed = ['wxok', 'wxfailed', 'wxunavailable', 'wxheld', 'wxsuspended', 'wxnew'];

  test('are counted by state, those that the config lists, and the oldest of their newest answers is told', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...listing(...listed), files: { 'log.ndjson': log } });
    expect(await standingAfter(stage, 'replay', 'log.ndjson')).toMatchObject({
      code: 65,
      accounts: { ok: 1, failed: 2, held: 1, removals_suspended: 1, never_asked: 1 },
      oldest,
    });
  });

  test('are all that are stored, where the config has no list', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ config: { source: undefined }, files: { 'log.ndjson': log } });
    expect(await standingAfter(stage, 'replay', 'log.ndjson')).toMatchObject({
      accounts: { ok: 2, failed: 2, held: 1, removals_suspended: 1, never_asked: 0 },
      oldest: Date.UTC(2025, 0, 1) / 1000,
    });
  });

  test('are those of the shard, also when one account alone is asked', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...listing(...listed, appId), files: { 'log.ndjson': log } });
    await stage.run(['replay', 'log.ndjson']);
    const asked = await standingAfter(stage, 'sync', '--app-id', appId);
    expect(asked).toMatchObject({ code: 0, accounts: { ok: 2, never_asked: 1, held: 1 }, oldest });
    const shards: Awaited<ReturnType<typeof standingAfter>>[] = [];
    for (const shard of ['0/3', '1/3', '2/3']) {
      shards.push(await standingAfter(stage, 'sync', '--app-id', appId, '--shard', shard));
    }
    const sums = Object.fromEntries(
      Object.keys(none).map((state) => [state, shards.reduce((sum, { accounts }) => sum + accounts[state], 0)]),
    );
    expect(sums).toEqual(asked.accounts);
    expect(Math.min(...shards.map((shard) => shard.oldest).filter((at) => at > 0))).toBe(oldest);
    const held = shards.map(({ accounts }) => accounts['held']);
    expect(held.sort(), 'each shard has its own').toEqual([0, 0, 1]);
  });

  test('are all that are stored, where the list comes through a pipe, which a run has read already', async () => {
    await using stage = await createRemedyStage();
    const source = { baseUrl: '${URL}', accounts: { file: 'pipe' } };
    await stage.prepare({ config: { source }, files: { 'log.ndjson': log } });
    execFileSync('mkfifo', [join(stage.directory, 'pipe')]);
    const { code, stderr, accounts } = await standingAfter(stage, 'replay', 'log.ndjson');
    expect([code, stderr.includes('could not be read'), accounts['ok']]).toEqual([65, false, 2]);
    let held = 0;
    for (const shard of ['0/2', '1/2']) {
      const list = `printf 'app_id,token_env\\n${appId},TOKEN\\n' > pipe`;
      const writer = promisify(execFile)('sh', ['-c', list], { cwd: stage.directory });
      const standing = await standingAfter(stage, 'sync', '--shard', shard);
      await writer;
      expect([standing.code, standing.stderr.includes('could not be read')]).toEqual([0, false]);
      held += standing.accounts['held'] ?? 0;
    }
    expect(held, 'each shard counts its own').toBe(1);
  });

  test('leave the oldest answer out while there is none', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...listing(appId), env: { TOKEN: 'wrong' } });
    const { accounts, oldest: untold } = await standingAfter(stage, 'sync');
    expect([accounts, untold]).toEqual([{ ...none, failed: 1 }, Number.NaN]);
  });
});
