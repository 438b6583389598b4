import { MAX_SLEEP_MS, systemTimer, type Timer } from '../../clock.ts';
import { ScenedimError } from '../../errors.ts';
import type { AuthorizerList } from '../../extract/credentials/authorizer-list.ts';
import type { FetchFailure } from '../../extract/scene-source.ts';
import { TimeLimitReached, withTimeLimit } from '../../extract/time-limit.ts';
import type { WechatSource } from '../../extract/wechat-source.ts';
import type { Session } from '../session/session.ts';
import { failedCall } from './failed-call.ts';
import type { Authorizers } from './roster-of.ts';

/**
 * The authorizers that WeChat lists; warns of entries that are unusable or missing. While WeChat is
 * down the list is asked for again, as long as a run that is under way would wait. `withinMs` is
 * what is left of the run's time, in milliseconds; `out_of_time` when it is over.
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
    return await withTimeLimit(signal, Math.min(withinMs, MAX_SLEEP_MS), list);
  } catch (error) {
    if (!(error instanceof TimeLimitReached)) throw error;
    const message = 'the time of --timeout was over before WeChat had listed the accounts of the platform';
    throw new ScenedimError('out_of_time', message, { remedy: 'run again, with more time: a page has 500 accounts' });
  }
}

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
/** As long as the breaker of a run waits in all. */
const PATIENCE_MS = 45_000;
