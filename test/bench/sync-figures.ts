import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BenchRun, commandLine, sizeText } from './bench-run.ts';
import { assertEqual } from './command-line.ts';
import { outputOf } from './measure-process.ts';
import type { Place } from './sample.ts';
import { appIdOf } from './workload.ts';

/** How long WeChat takes for an answer, and how many requests are open at once. */
const latencyMs = 100;
const concurrency = 64;
/** A token, then the list. */
const requestsAnAccount = 2;

const floor = 'ideal latency';
const mostAccounts = 5_000;
const mostAccountsInFull = 100_000;

/**
 * A first sync of an account list; the floor is what the latency alone would take with all slots
 * busy.
 */
export async function takeSyncFigures(run: BenchRun): Promise<void> {
  const { options, targets } = run;
  const target = targets.at(-1);
  if (target === undefined) return;
  const accounts = Math.min(mostAccounts, Math.ceil(Math.max(...options.sizes) / 10));
  const sizes = options.full ? [accounts, mostAccountsInFull] : [accounts];
  for (const size of sizes) await takeSync(run, target, size);
}

async function takeSync(run: BenchRun, target: BenchRun['targets'][number], accounts: number): Promise<void> {
  const env = { WECHAT_APP_SECRET: '0123456789abcdef0123456789abcdef' };
  await using simulator = await startDelayedSimulator(accounts, env);
  await using database = await target.createDatabase();
  const source = { baseUrl: simulator.url, concurrency, ratePerSecond: 10_000, accounts: { file: 'accounts.csv' } };
  const cli = await commandLine(run, { database, source, env });
  const rows = Array.from({ length: accounts }, (_, account) => `${appIdOf(account)},WECHAT_APP_SECRET\n`);
  await writeFile(join(cli.folder, 'accounts.csv'), `app_id,secret_env\n${rows.join('')}`);

  const place: Place = { group: 'sync', target: target.name, size: sizeText(accounts, 'accounts') };
  const wallMs = (accounts * requestsAnAccount * latencyMs) / concurrency;
  run.tally.add(place, floor, null, { wallMs, clientCpuMs: 0, serverCpuMs: null, peakMb: null });
  await cli.run(['migrate', '--quiet']);
  const measurement = await cli.run(['sync', '--json', '--quiet']);
  assertEqual('sync: changed accounts', JSON.parse(outputOf(cli.folder, 'stdout')).accounts.changed, accounts);
  run.tally.add(place, 'sync', floor, measurement);
  await cli.run(['verify', '--json']);
}

async function startDelayedSimulator(accounts: number, env: Readonly<Record<string, string>>) {
  const program = new URL('delayed-simulator.ts', import.meta.url).pathname;
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [program, String(accounts), String(latencyMs)], { env, stdio: [...stdio] });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([
    once(child.stdout ?? child, 'data'),
    exited.then(() => Promise.reject(new Error('the simulator ended'))),
  ]);
  return {
    url: String(line).trim(),
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end();
      await exited;
    },
  };
}
