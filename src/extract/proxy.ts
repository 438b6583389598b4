import { BlockList, isIPv4 } from 'node:net';
import { ScenedimError } from '../errors.ts';
import { assertProxies } from '../secrets/assert-proxies.ts';

/** A proxy between here and a host. */
export interface HttpProxy {
  /** With user and password. */
  readonly url: string;
  /** Host and port, for messages. */
  readonly name: string;
  /** The setting or variable that names it. */
  readonly origin: string;
}

/** The proxy on the way to a URL; null for none. */
export type FindProxy = (target: URL) => HttpProxy | null;

export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/**
 * The proxies that `source.proxy` means: a URL, or `env` for HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
 * Without a setting these variables are used when NODE_USE_ENV_PROXY is 1, as Node does for
 * `fetch`. Both this function and the one that it returns throw `config_invalid` for what is not an
 * HTTP proxy.
 */
export function proxyFinder(setting: string | undefined, environment: ProxyVariables): FindProxy {
  if (setting === 'env') return throughEnvironment(environment);
  if (setting !== undefined) {
    const proxy = proxyAt(setting, 'source.proxy');
    return () => proxy;
  }
  if (environment['NODE_USE_ENV_PROXY'] !== '1') return () => null;
  const find = throughEnvironment(environment);
  // Node ignores a variable that is not the URL of an HTTP proxy.
  return (target) => (isHttp(proxyVariable(target, environment)?.url ?? '') ? find(target) : null);
}

/** The proxy that the environment names for a URL, whether or not NO_PROXY excludes its host. */
export function environmentProxy(target: URL, environment: ProxyVariables): HttpProxy | null {
  const found = proxyVariable(target, environment);
  return found === null ? null : proxyAt(found.url, found.name);
}

/**
 * True when NO_PROXY names the host, by the rules of Node: `*`, host, host:port, `.suffix`,
 * `*.suffix`, or a range of IPs.
 */
export function isExcluded({ hostname, port, protocol }: URL, environment: ProxyVariables): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const withPort = `${host}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
  const entries = (variable('NO_PROXY', environment)?.url ?? '').toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    if (entry === '*' || entry === host || entry === withPort) return true;
    if (entry.startsWith('.') || entry.startsWith('*.')) return host.endsWith(entry.replace(/^\*?\./, ''));
    return isIPv4(host) && isInRange(host, entry);
  });
}

function throughEnvironment(environment: ProxyVariables): FindProxy {
  assertProxies(environment);
  return (target) => (isExcluded(target, environment) ? null : environmentProxy(target, environment));
}

function proxyVariable({ protocol }: URL, environment: ProxyVariables): ReturnType<typeof variable> {
  return variable(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY', environment);
}

/** The lower-case name wins, as it does for Node and curl; an empty one counts as not set. */
function variable(upper: string, environment: ProxyVariables): { readonly name: string; readonly url: string } | null {
  for (const name of [upper.toLowerCase(), upper]) {
    const url = environment[name];
    if (url !== undefined && url !== '') return { name, url };
  }
  return null;
}

function isHttp(text: string): boolean {
  return !text.includes('://') || /^https?:/i.test(text);
}

function proxyAt(text: string, origin: string): HttpProxy {
  const url = text.includes('://') ? text : `http://${text}`;
  const { protocol, hostname, port } = isHttp(url) && URL.canParse(url) ? new URL(url) : noUrl;
  if (hostname === '') {
    throw new ScenedimError('config_invalid', `${origin} is not the URL of an HTTP proxy`, {
      remedy: `write ${origin} as http://HOST:PORT`,
    });
  }
  return { url, name: `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`, origin };
}

const noUrl = { protocol: '', hostname: '', port: '' };

function isInRange(host: string, entry: string): boolean {
  const [first = '', last = ''] = entry.split('-');
  if (!isIPv4(first) || !isIPv4(last)) return false;
  const range = new BlockList();
  try {
    range.addRange(first, last);
  } catch {
    return false;
  }
  return range.check(host);
}
