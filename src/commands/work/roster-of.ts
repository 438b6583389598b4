import { systemTimer, type Timer } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import { openRoster, type Roster, type RosterOptions } from '../../config/roster/open-roster.ts';
import { ScenedimError } from '../../errors.ts';
import type { AuthorizerList } from '../../extract/credentials/authorizer-list.ts';
import type { FetchFailure } from '../../extract/scene-source.ts';
import { TimeLimitReached, withTimeLimit } from '../../extract/time-limit.ts';
import type { WechatSource } from '../../extract/wechat-source.ts';
import type { Loader } from '../../load/loader.ts';
import type { Session } from '../session/session.ts';
import { failedCall } from './failed-call.ts';
import { withTarget } from './with-target.ts';

/** Who has authorised the platform, for `accounts: { platform: all }`. */
export type Authorizers = RosterOptions['authorizers'];

/**
 * Asks WeChat, and for a while again when it is down; with a warning when its list holds what cannot be an account. `withinMs`:
 * what is left of the run's time.
 */
export function authorizersAtWechat(
  session: Session,
  source: WechatSource,
  withinMs: number,
  timer: Timer = systemTimer,
): Authorizers {
  return async () => {
    const list = await listWithin(withinMs, session, (signal) =>
      listPatiently({ signal, logger: session.logger }, source, timer),
    );
    if (list.kind === 'failure') throw failedCall('source.platform', list);
    if (list.unusable > 0)
      session.logger.warn({ entries: list.unusable }, 'the list of the platform names no usable app id');
    if (list.missing > 0)
      session.logger.warn({ entries: list.missing }, 'the list of the platform is shorter than it says itself');
    return list.tokens.appIds;
  };
}

async function listWithin(
  withinMs: number,
  { signal }: Session,
  list: (signal: AbortSignal) => ReturnType<WechatSource['listAuthorizers']>,
): ReturnType<WechatSource['listAuthorizers']> {
  try {
    return await withTimeLimit(signal, Math.min(withinMs, MAX_TIMER_MS), list);
  } catch (error) {
    if (!(error instanceof TimeLimitReached)) throw error;
    const message = 'the time of --timeout was over before WeChat had listed the accounts of the platform';
    throw new ScenedimError('out_of_time', message, { remedy: 'run again, with more time: a page has 500 accounts' });
  }
}

/** The longest that a timer of Node's can wait, in milliseconds: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** As patient as a run that is under way when WeChat goes down. */
async function listPatiently(
  { signal, logger }: Pick<Session, 'signal' | 'logger'>,
  source: WechatSource,
  timer: Timer,
): Promise<AuthorizerList | FetchFailure> {
  const startedAt = timer.now();
  for (;;) {
    const list = await source.listAuthorizers(signal);
    const isDown = list.kind === 'failure' && (list.unreachable || list.errorClass === 'transient');
    if (!isDown || timer.now() - startedAt >= PATIENCE_MS) return list;
    logger.warn({ wait_ms: AGAIN_AFTER_MS }, `the list of the platform is asked for again: ${list.message}`);
    await timer.sleep(AGAIN_AFTER_MS, signal);
  }
}

const AGAIN_AFTER_MS = 15_000;
const PATIENCE_MS = 45_000;

/** Those of the last full run; none where the target has no current schema, which its own check tells. */
export function authorizersInTarget(loader: Loader, signal: AbortSignal): Authorizers {
  return async () => {
    const { roster, schemaVersion } = loader;
    if (roster === undefined || (await loader.readMeta(signal))?.schemaVersion !== schemaVersion) return new Set();
    return new Set(await Array.fromAsync(roster.read(signal)));
  };
}

/** The accounts of the config; a list that is a query is answered by the target. */
export function rosterOf(
  session: Session,
  config: Config,
  { loader, authorizers }: { readonly loader: Loader; readonly authorizers: Authorizers },
  narrowed: Pick<RosterOptions, 'appIds' | 'isCounted'> = {},
): Promise<Roster> {
  const { signal, stdin } = session;
  const query = (statement: string) => queryOn(loader, statement, signal);
  return openRoster(config, { ...narrowed, signal, stdin, query, authorizers });
}

/**
 * Like {@link rosterOf} where no target is open and no WeChat is asked: a target is opened only for a list that is a query, or
 * that of a platform. Of that, `appIds` are taken as they are.
 */
export async function rosterWithoutTarget(
  session: Session,
  config: Config,
  appIds: readonly string[] = [],
): Promise<Roster> {
  const { signal, stdin } = session;
  const onTarget = <T>(work: (loader: Loader) => Promise<T>) =>
    withTarget(session, config, { label: 'accounts', readOnly: true }, ({ loader }) => work(loader));
  const query = (statement: string) => onTarget((loader) => queryOn(loader, statement, signal));
  const authorizers = async () =>
    appIds.length > 0 ? new Set(appIds) : onTarget((loader) => authorizersInTarget(loader, signal)());
  return openRoster(config, { appIds, signal, stdin, query, authorizers });
}

async function queryOn(loader: Loader, statement: string, signal: AbortSignal): Promise<readonly (string | null)[]> {
  if (loader.queryColumn !== undefined) return loader.queryColumn(statement, signal);
  throw new ScenedimError('config_invalid', `source.accounts.query: a target of type ${loader.kind} takes no SQL`, {
    remedy: 'list the accounts in a file: accounts: { file: accounts.csv }',
  });
}
