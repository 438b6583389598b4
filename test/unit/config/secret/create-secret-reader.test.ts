import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../src/clock.ts';
import { createSecretReader, hasPlaceholder } from '../../../../src/config/secret/create-secret-reader.ts';
import { type SecretReference, secretReference } from '../../../../src/config/secret/secret-reference.ts';
import { createHttpClient } from '../../../../src/extract/http-client.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenedim-secret-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const PATH = process.env['PATH'];

const reader = (reference: SecretReference, environment = {}, appId?: string, known: string[] = []) => {
  const http = createHttpClient({ timeoutMs: 60_000, maxBodyBytes: 1_048_576, clock: systemClock });
  const read = createSecretReader(
    reference,
    { baseDirectory: directory, environment, http, onSecret: (secret) => void known.push(secret) },
    appId,
  );
  return () => read(new AbortController().signal);
};

async function startServer(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

describe('a secret', () => {
  test('loses one trailing newline and nothing else', async () => {
    for (const [written, secret] of [
      ['a b\n', 'a b'],
      ['a\r\n', 'a'],
      ['a\n\n', 'a\n'],
      [' a ', ' a '],
    ] as const) {
      writeFileSync(join(directory, 's'), written);
      expect(await reader({ file: 's' })()).toBe(secret);
      expect(await reader({ env: 'S' }, { S: written })()).toBe(secret);
    }
  });

  test('is read anew each time', async () => {
    const read = reader({ file: 's' });
    writeFileSync(join(directory, 's'), 'old');
    expect(await read()).toBe('old');
    writeFileSync(join(directory, 's'), 'new');
    expect(await read()).toBe('new');
  });

  test('that is not there names where it was looked for', async () => {
    const path = join(directory, 's');
    const message = async (reference: SecretReference, environment = {}) =>
      reader(reference, environment)().then(
        () => 'read',
        ({ code, message: text }) => `${code} ${text}`,
      );
    expect(await message({ env: 'S' })).toBe('config_invalid environment variable S is not set');
    expect(await message({ env: 'S' }, { S: '\n' })).toBe('config_invalid environment variable S is empty');
    expect(await message({ file: 's' })).toBe(`config_invalid file ${path} does not exist`);
    writeFileSync(path, '\n');
    expect(await message({ file: 's' })).toBe(`config_invalid file ${path} is empty`);
  });

  test('comes from a program, without a shell, beside the config file', async () => {
    const read = reader(
      { command: ['node', '-e', 'console.log(process.cwd(), process.argv[1], process.env.S)', '$(id)'] },
      { S: 's', PATH },
    );
    expect(await read()).toBe(`${directory} $(id) s`);
  });

  test.each<[string, readonly string[], string]>([
    ['is not there', ['./nowhere'], 'the command ./nowhere does not exist'],
    ['may not be run', ['./s'], 'the command ./s may not be executed by this user'],
    ['fails', ['node', '-e', 'console.error("hush"); process.exit(3)'], 'the command node ended with 3'],
    ['is killed', ['node', '-e', 'process.kill(process.pid, "SIGTERM")'], 'the command node was ended by SIGTERM'],
    ['says nothing', ['node', '-e', ''], 'the command node is empty'],
    [
      'says too much',
      ['node', '-e', 'process.stdout.write("x".repeat(2e6))'],
      'the command node printed more than 1 MiB',
    ],
  ])('of a program that %s is told by name alone', async (_, command, message) => {
    writeFileSync(join(directory, 's'), '#!/bin/sh\n');
    await expect(reader({ command }, { PATH })()).rejects.toMatchObject({ code: 'config_invalid', message });
  });

  test('of a program that does not end is given up, and the program is killed', async () => {
    const command = [
      'node',
      '-e',
      'require("fs").writeFileSync("pid", String(process.pid)); setInterval(() => {}, 1000)',
    ];
    const message = 'the command node gave nothing within 2.0 s';
    await expect(reader({ command, timeoutMs: 2_000 }, { PATH })()).rejects.toMatchObject({
      code: 'source_unreachable',
      message,
    });
    const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  });

  test('is a member of a JSON text', async () => {
    const json = JSON.stringify({ data: [{ 'a/b~c': 'secret' }], empty: '', number: 1, access_token: 't' });
    const at = (pointer: string) => reader({ env: 'S', pointer }, { S: `${json}\n` })();
    expect(await at('/data/0/a~1b~0c')).toBe('secret');
    expect(await at('/access_token')).toBe('t');
    await expect(at('/empty')).rejects.toThrow('environment variable S is empty');
    await expect(at('/none')).rejects.toThrow('the JSON of environment variable S has no member /none');
    await expect(at('/data')).rejects.toThrow(
      'the JSON of environment variable S has something else than a text at /data',
    );
    await expect(at('/constructor/name')).rejects.toThrow('has no member');
    await expect(reader({ env: 'S', pointer: '/x' }, { S: 'secret' })()).rejects.toThrow(
      'environment variable S holds no JSON text, but pointer: /x asks for a member of one',
    );
  });

  test('of an account is looked for under its app id', async () => {
    writeFileSync(join(directory, 'wx 1.txt'), 'one');
    expect(await reader({ file: '{appId}.txt' }, {}, 'wx 1')()).toBe('one');
    expect(
      await reader({ command: ['node', '-p', 'process.argv[1]', '--', '--app={appId}{appId}'] }, { PATH }, 'wx$&')(),
    ).toBe('--app=wx$&wx$&');
    for (const appId of ['../wx1', '..', 'a\\b']) {
      await expect(reader({ file: '{appId}/token' }, {}, appId)()).rejects.toThrow('cannot be a part of the file name');
    }
  });

  test('behind a URL is not looked for in another folder, whatever the app id is', async () => {
    for (const appId of ['.', '..']) {
      const refused = reader({ url: 'http://127.0.0.1:9/token/{appId}' }, {}, appId)();
      await expect(refused).rejects.toThrow(`the app id ${appId} cannot be a part of a url`);
    }
  });

  test('of a header is that of the account, too', async () => {
    const keys: unknown[] = [];
    await using broker = await startServer((request, response) => {
      keys.push(request.headers['x-key']);
      response.end('token');
    });
    const reference = { url: broker.url, headers: { 'X-Key': { file: '{appId}.key' } } };
    for (const appId of ['wx1', 'wx2']) {
      writeFileSync(join(directory, `${appId}.key`), `key of ${appId}`);
      await reader(reference, {}, appId)();
    }
    expect(keys).toEqual(['key of wx1', 'key of wx2']);
    expect(hasPlaceholder(reference)).toBe(true);
    expect(hasPlaceholder({ url: broker.url, headers: { 'X-Key': '{appId}' } })).toBe(false);
  });

  test.each(['1h1ms', '30d', '0s'])('may not take %s', (timeout) => {
    expect(secretReference.safeParse({ env: 'S', timeout }).error?.issues[0]?.message).toBe(
      'must be a time of at most 1h with its unit, like 10s or 500ms',
    );
    expect(secretReference.parse({ env: 'S', timeout: '1h' })).toEqual({ env: 'S', timeoutMs: 3_600_000 });
  });

  test('comes from a URL, with headers that are secrets of their own', async () => {
    const asked: string[] = [];
    await using broker = await startServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['x-key']} ${request.headers['x-kind']}`);
      response.end('{"access_token":"token of somebody"}\n');
    });
    const headers = { 'X-Key': { env: 'KEY' }, 'X-Kind': 'mini' };
    const known: string[] = [];
    const read = reader(
      { url: `${broker.url}/token/{appId}?a={appId}`, headers, pointer: '/access_token' },
      { KEY: 'of the broker' },
      'wx/ä',
      known,
    );
    expect(await read()).toBe('token of somebody');
    expect(asked).toEqual(['GET /token/wx%2F%C3%A4?a=wx%2F%C3%A4 of the broker mini']);
    expect(known).toEqual(['of the broker']);
  });

  test.each([
    [301, 'config_invalid', /^\S+ answered 301, and no redirect is followed$/],
    [404, 'config_invalid', /^\S+ answered 404$/],
    [429, 'source_unreachable', /^\S+ answered 429$/],
    [503, 'source_unreachable', /^\S+ answered 503$/],
  ])('behind a URL that answers %d is told with the host alone', async (status, code, message) => {
    await using broker = await startServer((_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end('secret');
    });
    const refused = reader({ url: `${broker.url}/path?key=secret` })();
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(refused).rejects.not.toThrow('secret');
  });

  test('behind a URL where nobody listens is out of reach', async () => {
    await expect(reader({ url: 'http://127.0.0.1:9/x' })()).rejects.toMatchObject({
      code: 'source_unreachable',
      message: 'cannot connect to 127.0.0.1:9 (ECONNREFUSED)',
    });
  });

  test('in a header that no header can hold is refused', async () => {
    const refused = reader({ url: 'http://127.0.0.1:9/x', headers: { 'X-Key': { env: 'KEY' } } }, { KEY: 'a\nb' })();
    await expect(refused).rejects.toThrow('the header X-Key holds line ends or characters that no header has');
  });
});
