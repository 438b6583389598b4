import type { SourceConfig } from '../../config/config-schema.ts';
import { environmentProxy, isExcluded, type ProxyVariables, proxyFinder } from '../../extract/proxy.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';

/** Tells the proxy on the way to WeChat, and one that is set and not used. */
export function checkProxy(
  { proxy: setting, baseUrl }: Pick<SourceConfig, 'proxy' | 'baseUrl'>,
  environment: ProxyVariables,
): readonly CheckedFinding[] {
  const target = new URL(baseUrl);
  const { host, protocol } = target;
  try {
    const used = proxyFinder(setting, environment)(target);
    if (used !== null) return [{ ...ok, message: `${host} is asked through ${used.name} (${used.origin})` }];
    const given = environmentProxy(target, environment);
    if (setting === undefined) {
      if (given === null || isExcluded(target, environment)) return [];
      const message = `${given.origin} names ${given.name}, but ${host} is asked without it`;
      return [{ ...warning, message, remedy: `set source.proxy to env to use it, or add ${host} to NO_PROXY` }];
    }
    if (given === null) {
      const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
      const message = `source.proxy is env, but ${name} is not set`;
      return [{ ...warning, message, remedy: `set ${name}, or take out source.proxy` }];
    }
    const message = `${given.origin} names ${given.name}, but NO_PROXY excludes ${host}`;
    return [{ ...warning, message, remedy: `take ${host} out of NO_PROXY, or take out source.proxy` }];
  } catch (error) {
    return [findingOf(error, 'proxy')];
  }
}

const ok = { level: 'ok', subject: 'proxy', exitCode: 0 } as const;
const warning = { level: 'warning', subject: 'proxy', exitCode: 0 } as const;
