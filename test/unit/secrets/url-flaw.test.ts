import { afterEach, describe, expect, it, vi } from 'vitest';
import { configSchema } from '../../../src/config/config-schema.ts';
import { bigquerySection } from '../../../src/load/bigquery/bigquery-config.ts';
import { connectionOptions } from '../../../src/load/postgres/connection-options.ts';
import { parsePostgresConfig, postgresSection } from '../../../src/load/postgres/postgres-config.ts';
import { assertProxies } from '../../../src/secrets/assert-proxies.ts';
import { flawOfUrl } from '../../../src/secrets/url-flaw.ts';

/** Passwords whose second half would be read as a host, a port, a database or a parameter. */
const divided = [
  'u:p@Secret#x@h/db',
  'u:p@Secret/x@h/db',
  'u:p@Secret?x@h/db',
  'u:p@Secret?x=1@h/db',
  'u:p@Secret:x/y@h/db',
  'u:p#Secret@h/db',
  'u:p/Secret@h/db',
  'u:p?Secret@h/db',
  'u:1/Secret@h/db',
  'u:1?Secret@h/db',
  'u:1?user=Secret@h/db',
  'u:1#Secret@h/db',
  'u:p@h:Secret/db',
  'u:p@h:54#32/db',
];

describe('the flaw of a URL', () => {
  it.each(divided)('is seen in postgres://%s, without any of it', (rest) => {
    for (const scheme of ['postgres', 'postgresql', 'http', 'https']) {
      const flaw = flawOfUrl(`${scheme}://${rest}`);
      expect(flaw?.remedy).toMatch(/^percent-encode/);
      expect(JSON.stringify(flaw)).not.toMatch(/Secret|u:/);
    }
    const result = postgresSection.safeParse({ type: 'postgres', url: `postgres://${rest}` });
    expect(JSON.stringify(result.error?.issues)).toMatch(/percent-encode/);
    expect(JSON.stringify(result.error?.issues)).not.toMatch(/Secret/);
  });

  it.each([
    'postgres://h',
    'postgres://u@h',
    'postgres://u:p%40Secret%23x@h:5432/db?sslmode=verify-full',
    'postgres://u:p@ss@h/db',
    'postgres://u:p:q@h:/db',
    'postgres://u:p@[::1]:5432/db',
    'postgres:///db?host=/var/run/postgresql&user=me@realm',
    'postgres://h/db?options=-c%20search_path=a@b',
    'postgres://a:1,b:2/db',
    'postgres://%2Fvar%2Frun/db',
    'socket:/tmp?db=x',
    '/tmp x',
    'http://proxy:8080',
    '//h:80',
  ])('is none in %s', (url) => {
    expect(flawOfUrl(url)).toBeUndefined();
  });

  it.each(['\n', '\0', '%00', '\u2028', '\u0085'])('is a control character', (character) => {
    expect(flawOfUrl(`postgres://h/a${character}b`)).toMatchObject({ message: 'holds a control character' });
  });

  it.each([
    'http://u:p@Secret#x@h/',
    'https://u:Secret@h',
    'https://Secret@h',
    'http://u:1/Secret@h',
    'https://h#Secret@',
  ])('is any user in %s, which is asked over HTTP', (url) => {
    const bigquery = bigquerySection.safeParse({ type: 'bigquery', projectId: 'p', apiEndpoint: url });
    const accounts = [{ appId: 'wx1', appSecret: { env: 'S' } }];
    const target = { type: 'pglite' };
    for (const source of [
      { baseUrl: url, accounts },
      { fallbackBaseUrls: [url], accounts },
    ]) {
      const found = configSchema.safeParse({ source, target });
      expect(JSON.stringify(found.error?.issues)).toMatch(/must not hold a user or a password/);
      expect(JSON.stringify(found.error?.issues)).not.toMatch(/Secret/);
    }
    expect(JSON.stringify(bigquery.error?.issues)).toMatch(/must not hold a user or a password/);
  });
});

describe('a proxy of the environment', () => {
  it.each(['http://u:p@Secret#x@proxy:8080', 'u:p@Secret/x@proxy:8080', 'http://u:1?Secret@proxy'])(
    'is refused as %s',
    (proxy) => {
      for (const name of ['HTTPS_PROXY', 'http_proxy']) {
        const refused = expect.objectContaining({
          code: 'config_invalid',
          message: expect.not.stringContaining('Secret'),
        });
        expect(catching(() => assertProxies({ [name]: proxy }))).toEqual(refused);
      }
    },
  );

  it.each([undefined, '', 'http://proxy:8080', 'proxy:8080', 'http://u:p%23x@proxy:8080/', 'socks5://h:1'])(
    'is taken as %s',
    (proxy) => {
      expect(catching(() => assertProxies({ HTTPS_PROXY: proxy }))).toBeUndefined();
    },
  );
});

describe('a host of the environment', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['PGHOST', 'postgres://u:p@Secret'],
    ['PGHOST', 'u:p@Secret'],
    ['PGHOST', 'Secret#x@h'],
    ['PGDATABASE', 'postgres://u:Secret@h/db'],
  ])('%s that is a URL is refused and not shown', (name, value) => {
    vi.stubEnv(name, value);
    const error = catching(() => connectionOptions(parsePostgresConfig({ type: 'postgres' })));
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.not.stringContaining('Secret') });
  });
});

function catching(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
