import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import { requireSource } from '../../config/roster/open-roster.ts';
import { createWechatSource, type WechatSource } from '../../extract/wechat-source.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { Session } from '../session/session.ts';
import { withTarget } from '../target/with-target.ts';
import { platformOptions } from './platform-options.ts';

/**
 * The source of a config. `context` is that of an open target, which may keep the refresh tokens;
 * null when none is open.
 */
export function openSource(session: Session, config: Config, context: RunContext | null): WechatSource {
  const { platform, ...source } = requireSource(config);
  const { environment, redactor } = session;
  return createWechatSource({
    ...source,
    clock: systemClock,
    redactor,
    environment,
    platform: platform === undefined ? undefined : platformOptions(platform, session, config, context),
  });
}

/**
 * Opens the source of a config for `work`. A target is opened only when it keeps the refresh
 * tokens.
 */
export async function withSource<T>(
  session: Session,
  config: Config,
  work: (source: WechatSource) => Promise<T>,
): Promise<T> {
  const store = config.source?.platform?.tokenStore;
  if (store !== undefined && 'target' in store) {
    return withTarget(session, config, { label: 'tokens', mayMake: true }, async (context) => {
      await using source = openSource(session, config, context);
      return await work(source);
    });
  }
  await using source = openSource(session, config, null);
  return await work(source);
}
