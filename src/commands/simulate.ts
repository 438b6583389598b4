import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import * as z from 'zod';
import { ScenedimError } from '../errors.ts';
import type { Document } from '../output-fields.ts';
import { printable } from '../report/printable.ts';
import { defaultSimulatorAccounts, type Simulator, startSimulator } from '../simulator/simulator.ts';
import { parseSimulatorScript, type SimulatorScript } from '../simulator/simulator-script.ts';
import { describeUnreadable, readText } from '../text-file.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions, Session } from './session/session.ts';
import { addAppIds } from './work/sync-options.ts';

export const description =
  'Runs a simulator of the WeChat API on this machine until it is stopped: for trying and testing. Loopback only.';

export const examples = [
  ['simulate --port 8089', 'then sync with SCENEDIM_SOURCE_BASE_URL=http://127.0.0.1:8089'],
  ['simulate --script changes.yaml', 'the list changes while you sync'],
] as const;

interface SimulateFlags extends CommonOptions {
  readonly port: number;
  readonly host: string;
  readonly appId?: readonly string[];
  readonly script?: string;
}

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'an account that it knows (repeatable)')
    .addOption(new Option('--port <n>', 'port to listen on').argParser(parsePort).default(0, 'any free one'))
    .option('--host <address>', '127.0.0.1 or ::1', '127.0.0.1')
    .option('--script <file>', 'YAML list of changes and faults over time')
    .addHelpText('after', scriptHelp)
    .action(run<SimulateFlags>(simulate));
}

const scriptHelp = `
A script:
  - { after: 1, rename: { key: 4, name: 扫一扫 } }       # after the first answer
  - { after: 2, remove: { key: 57 } }
  - { after: 3, fault: { name: html_502, times: 2 } }

Or from a shell, while it runs:
  $ curl -d '{"rename":{"key":4,"name":"扫一扫"}}' URL/_simulator/changes
  $ curl -d '{"fault":{"name":"html_502"}}' URL/_simulator/faults
  $ curl URL/_simulator                                # all faults, and what was asked`;

async function simulate(session: Session, flags: SimulateFlags): Promise<number> {
  const { signal, out } = session;
  const accounts = flags.appId === undefined ? defaultSimulatorAccounts : flags.appId.map((appId) => ({ appId }));
  const script = flags.script === undefined ? [] : await readScript(flags.script, session);
  await using simulator = await startSimulator({ port: flags.port, host: flags.host, accounts, script });
  const appIds = accounts.map(({ appId }) => appId);
  if (flags.json === true) await out.printJson(toDocument(simulator, appIds));
  else await out.print(render(simulator, appIds));
  if (!signal.aborted) await once(signal, 'abort');
  return 0;
}

async function readScript(file: string, { workingDirectory, signal }: Session): Promise<SimulatorScript> {
  let text: string;
  try {
    text = await readText(resolve(workingDirectory, file), { signal });
  } catch (cause) {
    signal.throwIfAborted();
    const own = 'correct --script; it is relative to the directory that you are in';
    const { why, remedy } = describeUnreadable(cause, own);
    throw new ScenedimError('file_unusable', `script ${file} ${why}`, { remedy, cause });
  }
  return parseSimulatorScript(text, file);
}

/** What `simulate --json` prints. */
export const simulateDocumentSchema = z.strictObject({
  url: z.string(),
  accounts: z.array(z.strictObject({ app_id: z.string(), app_secret: z.string() })),
});

function toDocument(simulator: Simulator, appIds: readonly string[]): Document<typeof simulateDocumentSchema> {
  return {
    url: simulator.url,
    accounts: appIds.map((appId) => ({ app_id: appId, app_secret: simulator.appSecret(appId) })),
  };
}

function render(simulator: Simulator, appIds: readonly string[]): string {
  const [first = ''] = appIds;
  const accounts = appIds.map((appId) => `  ${printable(appId)}  secret ${simulator.appSecret(appId)}\n`).join('');
  return `WeChat simulator at ${simulator.url}; it knows these accounts, and stops with Ctrl-C:
${accounts}
In another shell, with a config that lists ${printable(first)}:
  export SCENEDIM_SOURCE_BASE_URL=${simulator.url}
  export WECHAT_APP_SECRET=${simulator.appSecret(first)}
  scenedim sync

With a config that takes an access token instead, as \`scenedim init --yes\` writes it:
  export WECHAT_ACCESS_TOKEN=${simulator.accessToken(first)}
`;
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new ScenedimError('usage', `--port: "${text}" is not a port`, { remedy: 'write a number from 0 to 65535' });
}
