import { mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findLineageTransport } from '../../../../src/telemetry/lineage/find-lineage-transport.ts';
import { blocksOf } from '../../../support/documents.ts';

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  /** Files by their paths, from the working directory. */
  readonly files?: Readonly<Record<string, string>>;
}

async function find({ env = {}, files = {} }: Given) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'scenedim-lineage-'));
  mkdirSync(join(folder.path, 'home/.openlineage'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  const warnings: string[] = [];
  const transport = await findLineageTransport({
    environment: { HOME: join(folder.path, 'home'), ...env },
    workingDirectory: folder.path,
    warn: (text) => void warnings.push(text.replace(folder.path, '.')),
  });
  return { transport, warnings };
}

const found = (transport: object | null) => ({ transport, warnings: [] });
const http = (settings: object) =>
  found({
    type: 'http',
    url: 'http://a',
    endpoint: 'api/v1/lineage',
    timeout: 5,
    verify: true,
    auth: null,
    headers: {},
    custom_headers: {},
    ...settings,
  });
const console = 'transport: {type: console}';
const file = found({ type: 'file', log_file_path: 'events', append: false });
const fileText = 'transport: {type: file, log_file_path: events}';

test('without a word there is no transport', async () => {
  expect(await find({})).toEqual(found(null));
  expect(await find({ env: { OPENLINEAGE_NAMESPACE: 'x', OPENLINEAGE_API_KEY: 'y' } })).toEqual(found(null));
});

test('OPENLINEAGE_URL, _ENDPOINT and _API_KEY make a transport by HTTP', async () => {
  const env = { OPENLINEAGE_URL: ' http://a ', OPENLINEAGE_ENDPOINT: 'x', OPENLINEAGE_API_KEY: 'key' };
  expect(await find({ env })).toEqual(http({ endpoint: 'x', auth: 'key' }));
});

test('a home that may not be looked into, which a container may have, hides nothing', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'scenedim-home-'));
  symlinkSync('home', join(folder.path, 'home'));
  expect(await find({ env: { OPENLINEAGE_URL: 'http://a', HOME: join(folder.path, 'home') } })).toEqual(http({}));
});

test.each(['true', ' TRUE '])('OPENLINEAGE_DISABLED %j ends it', async (value) => {
  expect(await find({ env: { OPENLINEAGE_URL: 'http://a', OPENLINEAGE_DISABLED: value } })).toEqual(found(null));
  expect(await find({ env: { OPENLINEAGE_URL: 'http://a', OPENLINEAGE_DISABLED: 'false' } })).toEqual(http({}));
});

test('the named file comes before the one here, that before the one at home, and any before the url', async () => {
  const files = { named: console, 'openlineage.yml': fileText, 'home/.openlineage/openlineage.yml': console };
  const env = { OPENLINEAGE_URL: 'http://a' };
  expect(await find({ env: { ...env, OPENLINEAGE_CONFIG: 'named' }, files })).toEqual(found({ type: 'console' }));
  expect(await find({ env, files })).toEqual(file);
  expect(await find({ env: { ...env, OPENLINEAGE_CONFIG: 'missing' }, files })).toEqual(file);
  const { 'openlineage.yml': _, ...others } = files;
  expect(await find({ env, files: others })).toEqual(found({ type: 'console' }));
});

test('the file wins over OPENLINEAGE__, member by member, and that over the url', async () => {
  const env = {
    OPENLINEAGE__TRANSPORT__TYPE: 'http',
    OPENLINEAGE__TRANSPORT__URL: 'http://b',
    OPENLINEAGE__TRANSPORT__TIMEOUT: '7',
    OPENLINEAGE__TRANSPORT__AUTH: '{"type":"api_key","apiKey":"key"}',
    OPENLINEAGE__TRANSPORT__COMPRESSION: 'gzip',
    OPENLINEAGE_URL: 'http://c',
  };
  const all = { timeout: 7, auth: 'key', compression: 'gzip' };
  expect(await find({ env })).toEqual(http({ ...all, url: 'http://b' }));
  const files = { 'openlineage.yml': 'transport: {url: "http://a"}' };
  expect(await find({ env, files })).toEqual(http({ ...all, url: 'http://a' }));
  // A name that is a section as a whole wins over its parts.
  expect(await find({ env: { ...env, OPENLINEAGE__TRANSPORT: '{"type":"console"}' } })).toEqual(
    found({ type: 'console' }),
  );
});

test('async_http takes the url of the simple variable', async () => {
  const env = { OPENLINEAGE__TRANSPORT__TYPE: 'async_http', OPENLINEAGE_URL: 'http://a', OPENLINEAGE_API_KEY: 'key' };
  expect(await find({ env })).toEqual(http({ auth: 'key' }));
});

test.each(blocksOf('yaml openlineage'))('the file of $document:$line', async ({ text }) => {
  expect(await find({ files: { 'openlineage.yml': text } })).toEqual(
    http({
      url: 'https://lineage.example.com',
      auth: 'a-key-of-yours',
      compression: 'gzip',
      custom_headers: { 'X-Team': 'growth' },
    }),
  );
});

test('every setting by HTTP', async () => {
  const text = `
transport:
  type: http
  url: http://a
  endpoint: /in
  timeout: 1.5
  verify: false
  auth: {type: api_key, api_key: 12345678}
  compression: gzip
  custom_headers: {X-Team: growth}
  headers: {X-Number: 5}
  retry: {total: 3}
`;
  expect(await find({ files: { 'openlineage.yml': text } })).toEqual(
    http({
      endpoint: '/in',
      timeout: 1.5,
      verify: false,
      auth: '12345678',
      compression: 'gzip',
      custom_headers: { 'X-Team': 'growth' },
      headers: { 'X-Number': '5' },
    }),
  );
});

test.each([
  ['transport: {type: file', './openlineage.yml cannot be read (BAD_INDENT)'],
  ['- transport', './openlineage.yml has no settings of OpenLineage'],
  ['', './openlineage.yml has no settings of OpenLineage'],
])('%j is a warning, and the url is used', async (text, warning) => {
  const given = { env: { OPENLINEAGE_URL: 'http://a' }, files: { 'openlineage.yml': text } };
  const { transport, warnings } = await find(given);
  expect([transport, warnings]).toEqual([http({}).transport, [expect.stringContaining(warning.split(' (')[0] ?? '')]]);
});

test.each([
  ['{type: kafka, topic: x}', 'transport.type: '],
  ['{type: http}', 'transport.url: '],
  ['{type: http, url: "not a url"}', 'transport.url: '],
  ['{type: http, url: "ftp://a"}', 'transport.url: '],
  ['{type: http, url: "http://a", timeout: 0}', 'transport.timeout: '],
  ['{type: http, url: "http://a", compression: br}', 'transport.compression: '],
  ['{type: http, url: "http://a", auth: {type: jwt, apiKey: very-secret}}', 'transport.auth.type: '],
  ['{type: file}', 'transport.log_file_path: '],
])('transport %s is a warning that names the member and no secret', async (text, path) => {
  const { transport, warnings } = await find({ files: { 'openlineage.yml': `transport: ${text}` } });
  expect([transport, warnings.length]).toEqual([null, 1]);
  expect(warnings[0]).toContain(`the transport of OpenLineage cannot be used: ${path}`);
  expect(warnings[0]).not.toContain('very-secret');
});
