import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSecretReader, type SecretReference } from '../../../src/config/secret.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenedim-secret-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const reader = (reference: SecretReference, environment = {}) => {
  const read = createSecretReader(reference, { baseDirectory: directory, environment });
  return () => read(new AbortController().signal);
};

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
});
