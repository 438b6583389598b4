import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connectionOptions } from '../../../../src/load/postgres/connection-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenedim-libpq-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string) => {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
};
const ca = write('ca.pem', 'a certificate');

function optionsOf(url: string | undefined, environment: Record<string, string> = {}) {
  return connectionOptions({ url, schema: 'scene', readers: [] }, environment);
}

/** Where a url leads. */
function placeOf(url: string | undefined, environment: Record<string, string> = {}) {
  const { candidates, names } = optionsOf(url, environment);
  return { hosts: candidates.map(({ place }) => place), database: names.database, user: names.user };
}

async function passwordOf(url: string, environment: Record<string, string> = {}): Promise<string> {
  const { password } = optionsOf(url, environment).candidates[0].client;
  return typeof password === 'function' ? await (password as () => Promise<string>)() : String(password);
}

describe('what a url and the environment lead to', () => {
  const me = userInfo().username;

  test.each([
    ['postgres://u@h:1/d', {}, { hosts: ['h:1'], database: 'd', user: 'u' }],
    ['postgresql://h', {}, { hosts: ['h:5432'], database: me, user: me }],
    ['postgres:///d?host=/sock', {}, { hosts: ['/sock:5432'], database: 'd', user: me }],
    ['postgres://%2Fsock:7/d', {}, { hosts: ['/sock:7'], database: 'd', user: me }],
    ['socket:/sock?db=d', {}, { hosts: ['/sock:5432'], database: 'd', user: me }],
    ['/sock d', {}, { hosts: ['/sock:5432'], database: 'd', user: me }],
    ['postgres://[::1]:2/d', {}, { hosts: ['::1:2'], database: 'd', user: me }],
    ['postgres://a,b:2/d', { PGPORT: '3' }, { hosts: ['a:5432', 'b:2'], database: 'd', user: me }],
    ['postgres://a,b/d', { PGPORT: '3' }, { hosts: ['a:3', 'b:3'], database: 'd', user: me }],
    ['postgres://h/d?user=q&port=4', { PGUSER: 'e' }, { hosts: ['h:4'], database: 'd', user: 'q' }],
    ['postgres://h', { PGUSER: 'e' }, { hosts: ['h:5432'], database: 'e', user: 'e' }],
    [undefined, { PGHOST: 'h', PGPORT: '6', PGDATABASE: 'd' }, { hosts: ['h:6'], database: 'd', user: me }],
  ] as const)('%s with %j', (url, environment, place) => {
    expect(placeOf(url, environment)).toEqual(place);
  });

  test('a service gives what the url leaves out, before the environment', () => {
    const PGSERVICEFILE = write('services', '# comment\n[other]\nhost=x\n\n[shop]\nhost=h\nport=9\ndbname=d\nuser=s\n');
    const place = { hosts: ['h:9'], database: 'd', user: 's' };
    expect(placeOf('postgres:///?service=shop', { PGSERVICEFILE, PGUSER: 'e' })).toEqual(place);
    expect(placeOf(undefined, { PGSERVICEFILE, PGSERVICE: 'shop', PGHOST: 'e' })).toEqual(place);
    expect(placeOf('postgres://u@/z', { PGSERVICEFILE, PGSERVICE: 'shop' })).toEqual({
      hosts: ['h:9'],
      database: 'z',
      user: 'u',
    });
    expect(() => optionsOf(undefined, { PGSERVICEFILE, PGSERVICE: 'nowhere' })).toThrow(/"nowhere" is in none of/);
  });

  test('passwords come from url, PGPASSWORD and the password file of the host', async () => {
    const PGPASSFILE = write('pgpass', '#\nh:5432:d:u:pa\\:ss\nlocalhost:*:*:u:local\n');
    expect(await passwordOf('postgres://u:a%40b@h/d', { PGPASSWORD: 'e' })).toBe('a@b');
    expect(await passwordOf('postgres://u@h/d', { PGPASSWORD: 'e', PGPASSFILE })).toBe('e');
    expect(await passwordOf('postgres://u@h/d', { PGPASSFILE })).toBe('pa:ss');
    expect(await passwordOf(`postgres://u@/d?host=/sock&passfile=${PGPASSFILE}`)).toBe('local');
    expect(await passwordOf('postgres://u@other/d', { PGPASSFILE })).toBe('');
  });
});

test('a password is told before it is used, so that no output shows it, wherever it is from', async () => {
  const told: string[] = [];
  const passfile = write('pgpass-told', 'h:5432:d:u:of-the-file\n');
  for (const [url, environment] of [
    ['postgres://u:of-the-url@h/d', {}],
    ['postgres://u@h/d', { PGPASSWORD: 'of-the-environment' }],
    [`postgres://u@h/d?passfile=${passfile}`, {}],
  ] as const) {
    const config = { url, schema: 'scene', readers: [] };
    const { candidates } = connectionOptions(config, environment, (secret) => told.push(secret));
    await (candidates[0].client.password as () => Promise<string>)();
  }
  expect(told).toEqual(['of-the-url', 'of-the-environment', 'of-the-file']);
});

describe('passwordFile', () => {
  const environment = { PGPASSWORD: 'of the environment' };

  test('wins over any other password, is read for each connection, and is told before it is used', async () => {
    const passwordFile = write('password', 'first\n');
    const told: string[] = [];
    const config = { url: 'postgres://u:of-the-url@h/d', schema: 'scene', readers: [], passwordFile };
    const { candidates } = connectionOptions(config, environment, (secret) => told.push(secret));
    const password = candidates[0].client.password as () => Promise<string>;
    expect(await password()).toBe('first');
    write('password', 'sec ond\r\n');
    expect(await password()).toBe('sec ond');
    write('password', 'third\n\n');
    expect(await password()).toBe('third\n');
    expect(told).toEqual(['first', 'sec ond', 'third\n']);
  });

  test('that cannot be read, or is empty, is a mistake of the config', async () => {
    const refusalOf = async (passwordFile: string) => {
      const config = { url: 'postgres://h/d', schema: 'scene', readers: [], passwordFile };
      const password = connectionOptions(config, environment).candidates[0].client.password as () => Promise<string>;
      return await password().catch((error: unknown) => error);
    };
    expect(await refusalOf('/nowhere/password')).toMatchObject({
      code: 'config_invalid',
      message: 'target.passwordFile: the file /nowhere/password does not exist',
    });
    expect(await refusalOf(write('empty', '\n'))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^target\.passwordFile: the file .*empty is empty$/),
    });
  });
});

describe('sslmode', () => {
  const tlsOf = (url: string, environment: Record<string, string> = {}) =>
    optionsOf(url, environment).candidates.map(({ client: { ssl } }) => {
      if (typeof ssl !== 'object') return 'plain';
      if (ssl.rejectUnauthorized === false) return 'any server';
      return ssl.checkServerIdentity?.('x', { subjectaltname: 'DNS:y', subject: { CN: 'y' } } as never) === undefined
        ? 'any name'
        : 'all';
    });

  test.each([
    ['', ['plain']],
    ['?sslmode=disable', ['plain']],
    ['?sslmode=allow', ['plain', 'any server']],
    ['?sslmode=prefer', ['any server', 'plain']],
    ['?sslmode=no-verify', ['any server']],
    ['?sslmode=require', ['all']],
    [`?sslmode=verify-ca&sslrootcert=${ca}`, ['all']],
    [`?sslmode=verify-full&sslrootcert=${ca}`, ['all']],
    [`?sslrootcert=${ca}`, ['all']],
    ['?ssl=true', ['all']],
    ['?sslmode=require&uselibpqcompat=true', ['any server']],
    [`?uselibpqcompat=true&sslmode=verify-ca&sslrootcert=${ca}`, ['any name']],
  ])('%s is %j', (query, modes) => {
    expect(tlsOf(`postgres://u@h/d${query}`)).toEqual(modes);
  });

  test('comes from the environment, too', () => {
    expect(tlsOf('postgres://u@h/d', { PGSSLMODE: 'require' })).toEqual(['all']);
  });
});

test.each([
  ['postgres://h/d?foo=1', {}, /foo is not a parameter/],
  ['postgres://h/d?sslmod=require', {}, /sslmod is not a parameter/],
  ['postgres://h/d?sslmode=sometimes', {}, /sslmode "sometimes"/],
  ['postgres://h/d?channel_binding=require', {}, /channel_binding is not supported/],
  ['postgres://h/d?load_balance_hosts=random', {}, /load_balance_hosts is not supported/],
  ['postgres://h/d?target_session_attrs=prefer-standby', {}, /target_session_attrs "prefer-standby"/],
  ['postgres://h/d?client_encoding=LATIN1', {}, /client_encoding is not supported/],
  ['postgres://a,b:x/d', {}, /cannot be read/],
  ['postgres://h/d', { PGCHANNELBINDING: 'require' }, /PGCHANNELBINDING is not supported/],
  ['postgres://h/d', { PGSSLCRL: '/crl' }, /PGSSLCRL is not supported/],
  ['postgres://u:p@Secret#x@h/d', {}, /cannot be read/],
  ['postgres://u:p/Secret@h/d', {}, /cannot be read/],
  ['postgres://u:p%zz@h/d', {}, /cannot be read/],
] as const)('%s with %j is refused by name', (url, environment, message) => {
  let error: unknown;
  try {
    optionsOf(url, environment);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(message) });
  expect(String(error)).not.toContain('Secret');
});

test.each([
  ['any', { isReadOnly: true, isStandby: true }, true],
  ['read-write', { isReadOnly: false, isStandby: false }, true],
  ['read-write', { isReadOnly: true, isStandby: false }, false],
  ['read-only', { isReadOnly: true, isStandby: false }, true],
  ['primary', { isReadOnly: true, isStandby: false }, true],
  ['primary', { isReadOnly: true, isStandby: true }, false],
  ['standby', { isReadOnly: true, isStandby: true }, true],
] as const)('target_session_attrs=%s and %j: %s', (wanted, server, fits) => {
  const [candidate] = optionsOf(`postgres://h/d?target_session_attrs=${wanted}`).candidates;
  expect(candidate.refuse(server) === undefined).toBe(fits);
});
