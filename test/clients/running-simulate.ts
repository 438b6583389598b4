/** `scenedim simulate` as a process, as a developer of another program starts it. */
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import type * as z from 'zod';
import { simulateDocumentSchema } from '../../src/commands/simulate.ts';
import { startCli } from '../support/spawn-cli.ts';

export interface RunningSimulate extends z.output<typeof simulateDocumentSchema>, AsyncDisposable {
  /** A change or a fault, as the help of `simulate` shows them. */
  post(what: 'changes' | 'faults', action: object): Promise<void>;
  /** What was asked so far, each as `PATH ERRCODE`, and how many tokens each endpoint gave. */
  asked(): Promise<{ readonly calls: readonly string[]; readonly minted: Readonly<Record<string, number>> }>;
}

export async function startSimulate(args: readonly string[]): Promise<RunningSimulate> {
  const child = startCli(['simulate', '--json', ...args], { cwd: tmpdir() });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const document = simulateDocumentSchema.parse(JSON.parse(line));
  const control = `${document.url}/_simulator`;
  return {
    ...document,
    async post(what, action) {
      const { ok } = await fetch(`${control}/${what}`, { method: 'POST', body: JSON.stringify(action) });
      if (!ok) throw new Error(`the simulator refused ${JSON.stringify(action)}`);
    },
    async asked() {
      const { requests, minted } = (await (await fetch(control)).json()) as {
        requests: readonly { path: string; errcode: number }[];
        minted: Record<string, number>;
      };
      return { calls: requests.map(({ path, errcode }) => `${path} ${errcode}`), minted };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}
