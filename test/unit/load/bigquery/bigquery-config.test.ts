import { describe, expect, test } from 'vitest';
import { assertNoEmulatorVariable, parseBigQueryConfig } from '../../../../src/load/bigquery/bigquery-config.ts';

const least = { type: 'bigquery', projectId: 'my-project' };

describe('a target section of type bigquery', () => {
  test('needs no more than a project', () => {
    expect(parseBigQueryConfig(least)).toEqual({
      projectId: 'my-project',
      dataset: 'scene',
      location: undefined,
      apiEndpoint: undefined,
      keyFile: undefined,
      impersonate: undefined,
      maximumBytesBilled: undefined,
      labels: {},
      gzip: false,
    });
  });

  test('keeps what it says', () => {
    const all = {
      ...least,
      dataset: 'scene_test',
      location: 'asia-east1',
      keyFile: 'key.json',
      impersonate: 'loader@my-project.iam.gserviceaccount.com',
      maximumBytesBilled: 10_000_000_000,
      labels: { team: 'growth', env: '' },
      gzip: true,
      autoMigrate: false,
    };
    const { type: _, autoMigrate: __, ...kept } = all;
    expect(parseBigQueryConfig(all)).toEqual({ ...kept, apiEndpoint: undefined, maximumBytesBilled: '10000000000' });
  });

  test.each([
    [{ projectId: 'a b' }, /^target\.projectId: must be the id of a project/],
    [{ projectId: '`; drop' }, /^target\.projectId: /],
    [{ dataset: 'a.b' }, /^target\.dataset: may hold letters, digits and underscores/],
    [{ dataset: '' }, /^target\.dataset: /],
    [{ location: 'US; x' }, /^target\.location: is not a location/],
    [{ apiEndpoint: 'localhost:9050' }, /^target\.apiEndpoint: is not a URL/],
    [{ labels: { Team: 'x' } }, /^target\.labels/],
    [{ labels: { team: 'Growth' } }, /^target\.labels\.team: a label has 63 characters at most/],
    [{ labels: { team: 'x'.repeat(64) } }, /^target\.labels\.team: /],
    [{ labels: { '1st': 'x' } }, /^target\.labels/],
    [{ maximumBytesBilled: 0 }, /^target\.maximumBytesBilled: /],
    [{ impersonate: 'nobody' }, /^target\.impersonate: is not the email/],
    [{ credentials: {} }, /^target: .*credentials/],
    [{ apiEndpoint: 'http://127.0.0.1:1', keyFile: 'k' }, /^target\.apiEndpoint: an emulator takes no credentials/],
  ])('with %o is refused with the field that is wrong', (fields, message) => {
    expect(() => parseBigQueryConfig({ ...least, ...fields })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) }),
    );
  });
});

describe('BIGQUERY_EMULATOR_HOST', () => {
  const config = parseBigQueryConfig(least);

  test('is refused with the reason', () => {
    expect(() => assertNoEmulatorVariable(config, { BIGQUERY_EMULATOR_HOST: 'localhost:9050' })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(/not loads.*real service/) }),
    );
  });

  test('does no harm beside apiEndpoint, or empty', () => {
    const emulator = parseBigQueryConfig({ ...least, apiEndpoint: 'http://127.0.0.1:9050/' });
    expect(emulator.apiEndpoint).toBe('http://127.0.0.1:9050');
    assertNoEmulatorVariable(emulator, { BIGQUERY_EMULATOR_HOST: 'localhost:1' });
    assertNoEmulatorVariable(config, { BIGQUERY_EMULATOR_HOST: '' });
    assertNoEmulatorVariable(config, {});
  });
});
