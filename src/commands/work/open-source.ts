import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import { requireSource } from '../../config/roster/open-roster.ts';
import { createWechatSource, type WechatSource } from '../../extract/wechat-source.ts';
import type { Session } from '../session/session.ts';

export function openSource(session: Session, config: Config): WechatSource {
  const { environment, redactor } = session;
  return createWechatSource({ ...requireSource(config), clock: systemClock, redactor, environment });
}
