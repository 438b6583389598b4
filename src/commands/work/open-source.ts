import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import { requireSource } from '../../config/roster.ts';
import type { SceneSource } from '../../extract/scene-source.ts';
import { createWechatSource } from '../../extract/wechat-source.ts';
import type { Session } from '../session/session.ts';

export function openSource(session: Session, config: Config): SceneSource {
  const { baseUrl, fallbackBaseUrls, ratePerSecond, timeoutMs, totalTimeoutMs } = requireSource(config);
  return createWechatSource({
    clock: systemClock,
    baseUrl,
    ...(fallbackBaseUrls !== undefined && { fallbackBaseUrls }),
    ratePerSecond,
    timeoutMs,
    totalTimeoutMs,
    redactor: session.redactor,
  });
}
