import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import * as z from 'zod';
import { ScenedimError } from '../errors.ts';
import type { Document } from '../output-fields.ts';
import { printable } from '../report/printable.ts';
import type { SimulatorAccountRule } from '../simulator/accounts/account-directory.ts';
import { generatedAccounts } from '../simulator/accounts/generated-accounts.ts';
import { defaultSimulatorAccounts, type Simulator, startSimulator } from '../simulator/simulator.ts';
import { parseSimulatorScript, type SimulatorScript } from '../simulator/simulator-script.ts';
import { describeUnreadable, readText } from '../text-file.ts';
import { addAppIds } from './session/app-ids-option.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions, Session } from './session/session.ts';

export const description =
  'Runs a simulator of the WeChat API on this machine until it is stopped: for trying and testing. Loopback only.';

export const examples = [
  ['simulate --port 8089', 'then sync with SCENEDIM_SOURCE_BASE_URL=http://127.0.0.1:8089'],
  ['simulate --script changes.yaml', 'the list changes while you sync'],
  ['simulate --platform wxplatform --accounts 1000 --latency 50', 'a third-party platform and its accounts'],
] as const;

interface SimulateFlags extends CommonOptions {
  readonly port: number;
  readonly host: string;
  readonly appId?: readonly string[];
  readonly accounts?: number;
  readonly platform?: string;
  /** Milliseconds. */
  readonly latency: number;
  readonly script?: string;
}

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'an account that it knows (repeatable)')
    .addOption(new Option('--accounts <n>', 'so many accounts instead').argParser(parseAccounts))
    .option('--platform <app-id>', 'a third-party platform, which all of them have authorised')
    .addOption(new Option('--latency <ms>', 'how long each answer takes').argParser(parseLatency).default(0))
    .addOption(new Option('--port <n>', 'port to listen on').argParser(parsePort).default(0, 'any free one'))
    .option('--host <address>', '127.0.0.1 or ::1', '127.0.0.1')
    .option('--script <file>', 'YAML list of changes and faults over time')
    .addHelpText('after', scriptHelp)
    .action(run<SimulateFlags>(simulate));
}

const scriptHelp = `
A script, of what happens after so many answers:
  - { after: 1, rename: { key: 4, name: 扫一扫 } }
  - { after: 2, remove: { key: 57 } }
  - { after: 3, fault: { name: html_502, times: 2 } }

Or from a shell, while it runs:
  $ curl -d '{"rename":{"key":4,"name":"扫一扫"}}' URL/_simulator/changes
  $ curl -d '{"fault":{"name":"html_502"}}' URL/_simulator/faults
  # a merchant leaves the platform; or authorize, repeat (on its list twice)
  $ curl -d '{"roster":{"shift":"revoke","app_id":"ID"}}' URL/_simulator/changes
  # all faults, and what was asked
  $ curl URL/_simulator
  # the token and the ticket of the platform
  $ curl URL/_simulator/platform`;

async function simulate(session: Session, flags: SimulateFlags): Promise<number> {
  const { signal, out } = session;
  const { platform } = flags;
  const accounts = flags.accounts === undefined ? appIdsOf(flags).map((appId) => ({ appId })) : generated(flags);
  const script = flags.script === undefined ? [] : await readScript(flags.script, session);
  await using simulator = await startSimulator({
    port: flags.port,
    host: flags.host,
    accounts,
    script,
    latencyMs: flags.latency,
    platform: platform === undefined ? undefined : { componentAppId: platform },
  });
  if (flags.json === true) await out.printJson(toDocument(simulator, appIdsOf(flags), platform));
  else await out.print(render(simulator, appIdsOf(flags), platform));
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

function generated({ accounts = 0, appId }: SimulateFlags): SimulatorAccountRule {
  if (appId === undefined) return generatedAccounts(accounts);
  throw new ScenedimError('usage', '--accounts has no meaning with --app-id', { remedy: 'give one of the two' });
}

/** Made anew for each use: there may be 100,000. */
function appIdsOf(flags: SimulateFlags): readonly string[] {
  if (flags.accounts === undefined) return flags.appId ?? defaultSimulatorAccounts.map(({ appId }) => appId);
  const rule = generated(flags);
  return Array.from({ length: rule.count }, (_, index) => rule.appId(index));
}

/** What `simulate --json` prints. */
export const simulateDocumentSchema = z.strictObject({
  url: z.string(),
  accounts: z.array(z.strictObject({ app_id: z.string(), app_secret: z.string() })),
  platform: z
    .strictObject({
      component_app_id: z.string(),
      component_app_secret: z.string(),
      component_access_token: z.string(),
      component_verify_ticket: z.string(),
    })
    .nullable(),
});

function toDocument(
  simulator: Simulator,
  appIds: readonly string[],
  platform: string | undefined,
): Document<typeof simulateDocumentSchema> {
  return {
    url: simulator.url,
    accounts: appIds.map((appId) => ({ app_id: appId, app_secret: simulator.appSecret(appId) })),
    platform:
      platform === undefined
        ? null
        : {
            component_app_id: platform,
            component_app_secret: simulator.componentAppSecret,
            component_access_token: simulator.componentAccessToken(),
            component_verify_ticket: simulator.verifyTicket,
          },
  };
}

const SHOWN = 10;

function render(simulator: Simulator, appIds: readonly string[], platform: string | undefined): string {
  const shown = appIds.slice(0, SHOWN);
  const accounts = shown.map((appId) => `  ${printable(appId)}  secret ${simulator.appSecret(appId)}\n`).join('');
  const others =
    appIds.length > SHOWN ? `  and ${appIds.length - SHOWN} others, up to ${printable(appIds.at(-1) ?? '')}\n` : '';
  const use =
    platform === undefined ? howToUseAccounts(simulator, appIds[0] ?? '') : howToUsePlatform(simulator, platform);
  return `WeChat simulator at ${simulator.url}; it knows these accounts, and stops with Ctrl-C:
${accounts}${others}
${use}`;
}

function howToUseAccounts(simulator: Simulator, first: string): string {
  return `In another shell, with a config that lists ${printable(first)}:
  export SCENEDIM_SOURCE_BASE_URL=${simulator.url}
  export WECHAT_APP_SECRET=${simulator.appSecret(first)}
  scenedim sync

With a config that takes an access token instead, as \`scenedim init --yes\` writes it:
  export WECHAT_ACCESS_TOKEN=${simulator.accessToken(first)}
`;
}

function howToUsePlatform(simulator: Simulator, platform: string): string {
  return `All of them have authorised the platform ${printable(platform)}. With this in a config:
  source:
    accounts: { platform: all }
    platform:
      componentAppId: ${printable(platform)}
      componentAccessToken: { url: '${simulator.url}/_simulator/platform', pointer: /component_access_token }
      tokenStore: { file: ./refresh-tokens.json }

in another shell:
  export SCENEDIM_SOURCE_BASE_URL=${simulator.url}
  scenedim sync
`;
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new ScenedimError('usage', `--port: "${text}" is not a port`, { remedy: 'write a number from 0 to 65535' });
}

function parseAccounts(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000) return Number(text);
  const remedy = 'write a number from 1 to 1000000';
  throw new ScenedimError('usage', `--accounts: "${text}" is no number of accounts`, { remedy });
}

function parseLatency(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 60_000) return Number(text);
  const remedy = 'write a number of milliseconds from 0 to 60000';
  throw new ScenedimError('usage', `--latency: "${text}" is no latency`, { remedy });
}
