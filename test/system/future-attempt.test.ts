/** A failure that a clock of years ahead left behind is told, and what is told takes it away. */
import { renameSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { copyPglite } from '../support/prepared-pglite.ts';

test('status and check tell an attempt of a time to come, and how it is taken out', async () => {
  await using workspace = await createCliWorkspace({ target: { type: 'pglite', path: './db' } });
  const target = join(workspace.directory, 'db');
  await copyPglite(target);
  const lines = [
    { observed_at: '2026-01-01T00:00:00Z', body: { errcode: 0, scene: [{ name: '扫一扫', value: 1 }] } },
    { observed_at: '2026-01-02T00:00:00Z', status: 'failed', error_code: '-1', error_message: 'busy' },
    { observed_at: '2935-05-05T00:00:00Z', status: 'failed', error_code: 'network', error_message: 'no answer' },
  ].map((line) => JSON.stringify({ app_id: 'wx1', ...line }));
  const input = await workspace.write('input.ndjson', `${lines.join('\n')}\n`);
  await workspace.succeed(['replay', input]);

  const meaning = 'network: recorded under a clock that was ahead; newer attempts do not show until that time';
  expect(await workspace.succeed(['status'])).toContain(meaning);
  const { findings } = JSON.parse((await workspace.run(['check', '--json'])).stdout);
  const [told] = findings.filter(({ subject }: { readonly subject: string }) => subject === 'newest attempt');
  expect(told).toMatchObject({
    message: `wx1: failed at 2935-05-05T00:00:00.000000Z: ${meaning}; its last ok answer is of 2026-01-01T00:00:00.000000Z`,
    remedy:
      'when the clock of this machine is right: scenedim export-log --output log.ndjson, delete its failed lines whose observed_at is still to come, move the target away, and scenedim replay log.ndjson makes a new one',
  });

  const log = join(workspace.directory, 'log.ndjson');
  await workspace.succeed(['export-log', '--output', 'log.ndjson']);
  const kept = (await readFile(log, 'utf8')).split('\n').filter((line) => !line.includes('"observed_at":"2935-'));
  await writeFile(log, kept.join('\n'));
  const dimension = await workspace.succeed(['export']);
  renameSync(target, `${target}.old`);
  await workspace.succeed(['replay', 'log.ndjson']);
  const status = JSON.parse(await workspace.succeed(['status', '--json']));
  expect(status.accounts).toMatchObject([{ last_attempt_at: '2026-01-02T00:00:00.000000Z', last_error_code: '-1' }]);
  expect(await workspace.succeed(['export'])).toBe(dimension);
  await workspace.succeed(['verify']);
});
