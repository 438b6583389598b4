import type { Command } from 'commander';
import { configSchema } from '../../config/config-schema.ts';
import type { Config } from '../../config/load-config.ts';
import { sync } from '../../pipeline/sync.ts';
import { reportRun } from '../result/report-run.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { openSource } from '../source/open-source.ts';
import { syncOptionsOf } from '../source/sync-options.ts';
import { withTarget } from '../target/with-target.ts';
import { runDemo } from './run-demo.ts';

export const description =
  'Shows the whole job in a few seconds: a simulated WeChat, three syncs with a rename, a removal and a return between ' +
  'them, and visits joined to the names of their time. Writes to ./data/demo only. With WECHAT_APP_ID and ' +
  'WECHAT_ACCESS_TOKEN or WECHAT_APP_SECRET set it syncs the real API into ./data/scene instead.';

export const examples = [
  ['demo', 'nothing to set up'],
  ['demo --json', 'the same as one document'],
] as const;

export function define(command: Command, run: RunAction): void {
  command.action(
    run<CommonOptions>(async (session, flags) => {
      const config = realConfig(session);
      return config === undefined ? runDemo(session, flags) : syncForReal(session, config, flags);
    }),
  );
}

/** A config for the real API, made from the environment; undefined when the variables are not set. */
function realConfig({ environment, workingDirectory }: Session): Config | undefined {
  const appId = environment['WECHAT_APP_ID'] ?? '';
  const hasToken = (environment['WECHAT_ACCESS_TOKEN'] ?? '') !== '';
  if (appId === '' || (!hasToken && (environment['WECHAT_APP_SECRET'] ?? '') === '')) return undefined;
  const credential = hasToken
    ? { accessToken: { env: 'WECHAT_ACCESS_TOKEN' } }
    : { appSecret: { env: 'WECHAT_APP_SECRET' } };
  const baseUrl = environment['SCENEDIM_SOURCE_BASE_URL'] ?? '';
  const source = { accounts: [{ appId, ...credential }], ...(baseUrl !== '' && { baseUrl }) };
  const parsed = configSchema.parse({ source, target: { type: 'pglite', path: './data/scene' } });
  return { ...parsed, file: 'the environment', baseDirectory: workingDirectory };
}

async function syncForReal(session: Session, config: Config, flags: CommonOptions): Promise<number> {
  const [account] = Array.isArray(config.source?.accounts) ? config.source.accounts : [];
  if (flags.json !== true) {
    await session.out.print(
      `WECHAT_APP_ID is set: syncing ${account?.appId ?? ''} from ${config.source?.baseUrl ?? ''} into ./data/scene\n\n`,
    );
  }
  return reportRun(session, 'sync', flags, async () => {
    return await withTarget(session, config, { label: 'sync', mayMake: true }, async (context) => {
      await using source = openSource(session, config, context);
      return await sync(context, await syncOptionsOf(session, config, {}, { source, context }));
    });
  });
}
