import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from '../../../src/commands/run-cli.ts';
import { createMemoryTarget } from '../../../src/load/memory/memory-target.ts';
import { memoryTargets } from '../../support/memory-factory.ts';
import { memoryFactory } from '../../support/remedy-stage.ts';

const answerOf = (day: number) =>
  JSON.stringify({
    app_id: 'wx1',
    observed_at: `2026-01-0${day}T00:00:00Z`,
    body: { scene: [{ name: 'A', value: 1 }] },
  });

/** Runs commands as on a terminal, where somebody types `answer` when asked; null closes the terminal. */
async function onTerminal(cwd: string, args: readonly string[], answer: string | null): Promise<string> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  let printed = '';
  stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  stderr.on('data', (chunk: Buffer) => {
    if (!chunk.toString().endsWith(']: ')) return;
    if (answer === null) stdin.end();
    else stdin.write(`${answer}\n`);
  });
  const argv = ['node', 'scenedim', ...args];
  const host = { argv, env: {}, stdin, stdout, stderr, cwd: () => cwd, on: () => {} };
  expect(await runCli(host, () => {})).toBe(0);
  return printed;
}

test('compact asks on a terminal, and deletes only after a yes', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'compact-'));
  const { path } = directory;
  const target = createMemoryTarget();
  memoryTargets.set(path, target);
  await writeFile(join(path, 'target.mjs'), `export { loaderFactory } from ${JSON.stringify(memoryFactory)};\n`);
  await writeFile(join(path, 'scenedim.yaml'), 'target: { type: ./target.mjs }\n');
  await writeFile(join(path, 'log.ndjson'), `${[1, 2, 3, 4].map(answerOf).join('\n')}\n`);
  const stored = () => target.accounts.get('wx1')?.observations.size;
  await onTerminal(path, ['replay', 'log.ndjson'], null);
  for (const answer of ['', 'n', null]) {
    expect(await onTerminal(path, ['compact', '--keep', '1d'], answer)).toContain('nothing was deleted');
    expect([answer, stored()]).toEqual([answer, 4]);
  }
  expect(await onTerminal(path, ['compact', '--keep', '1d'], 'y')).toContain('deleted 2 repeated observations');
  expect(stored()).toBe(2);
  target.payloads.set('0'.repeat(64), Buffer.from('left behind'));
  const dryRun = await onTerminal(path, ['compact', '--keep', '1d', '--dry-run'], null);
  expect(dryRun).toContain('would delete 1 body that no observation names (11 bytes)\n');
  expect([...target.runs.values()].filter(({ command }) => command === 'compact')).toMatchObject([{ outcome: 'ok' }]);
});
