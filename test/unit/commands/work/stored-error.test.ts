import { expect, test } from 'vitest';
import { explainStoredError } from '../../../../src/commands/work/stored-error.ts';
import type { CredentialKind } from '../../../../src/extract/scene-source.ts';
import { sampleHead } from '../../../../src/load/contract/sample-rows.ts';

const explain = (lastErrorCode: string | null, kind?: CredentialKind, lastErrorMessage: string | null = null) =>
  explainStoredError(
    sampleHead('wx1', 1, 0n, { lastErrorCode, lastErrorMessage }),
    new Map(kind === undefined ? [] : [['wx1', kind]]),
  );

test('an account whose newest attempt did not fail has nothing to explain', () => {
  expect(explain(null, 'appSecret')).toBeNull();
});

test.each<[string, CredentialKind | undefined, RegExp]>([
  ['40001', 'appSecret', /^check the appSecret of this account; when it is right, run again/],
  ['40001', 'accessToken', /^renew the access token where it is maintained/],
  ['40001', 'platform', /^let the third-party platform renew/],
  ['48001', 'appSecret', /^look at the interface permissions/],
  ['48001', 'platform', /permission set 18/],
  ['42007', 'appSecret', /^run again/],
  ['99999', 'appSecret', /^look the code up/],
  ['http_502', 'appSecret', /^run scenedim sync again/],
  ['network', undefined, /^run scenedim sync again/],
  ['credentials_unusable', 'appSecret', /^set the variable or mount the file that the message names/],
])('%s of an account with %s', (code, kind, remedy) => {
  expect(explain(code, kind)?.remedy).toMatch(remedy);
});

test('the IP of the stored message is in the remedy', () => {
  const { remedy, message } = explain('40164', 'appSecret', 'WeChat answered 40164: invalid ip 203.0.113.7') ?? {};
  expect(message).toBe('WeChat answered 40164: invalid ip 203.0.113.7');
  expect(remedy).toBe('add 203.0.113.7 to the IP whitelist of this account at mp.weixin.qq.com');
});
