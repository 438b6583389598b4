import { beforeEach, expect, test } from 'vitest';
import { MAX_CLOCK_SKEW } from '../../../../src/clock.ts';
import { explainStoredError } from '../../../../src/commands/target/stored-error.ts';
import type { CredentialKind } from '../../../../src/extract/scene-source.ts';
import { sampleHead } from '../../../../src/load/contract/sample-rows.ts';

/** Of a head whose newest attempt was at zero. */
let now = 0n;
beforeEach(() => {
  now = 0n;
});

const explain = (lastErrorCode: string | null, kind?: CredentialKind, lastErrorMessage: string | null = null) =>
  explainStoredError(
    sampleHead('wx1', 1, 0n, { lastErrorCode, lastErrorMessage }),
    kind === undefined ? null : new Map([['wx1', kind]]),
    now,
  );

test('an account whose newest attempt did not fail has nothing to explain', () => {
  expect(explain(null, 'appSecret')).toBeNull();
});

test.each<[string, CredentialKind | undefined, RegExp]>([
  ['40001', 'appSecret', /^check the appSecret of this account; when it is right, run again/],
  ['40001', 'accessToken', /^renew the access token where it is maintained/],
  ['40001', 'platform', /^run again: each run asks for a token; when it stays, the account must authorise/],
  ['48001', 'appSecret', /^look at the interface permissions/],
  ['48001', 'platform', /permission set 18/],
  ['42007', 'appSecret', /^run again/],
  ['99999', 'appSecret', /^look the code up/],
  ['http_502', 'appSecret', /^run scenedim sync again/],
  ['network', undefined, /^run scenedim sync again/],
  ['credentials_unusable', 'appSecret', /^correct the variable, file, program or url that the message names/],
])('%s of an account with %s', (code, kind, remedy) => {
  expect(explain(code, kind)?.remedy).toMatch(remedy);
});

test('the IP of the stored message is in the remedy', () => {
  const { remedy, message } = explain('40164', 'appSecret', 'WeChat answered 40164: invalid ip 203.0.113.7') ?? {};
  expect(message).toBe('WeChat answered 40164: invalid ip 203.0.113.7');
  expect(remedy).toBe('add 203.0.113.7 to the IP whitelist of this account at mp.weixin.qq.com');
});

test('a failure of a time to come says nothing of its code', () => {
  now = -MAX_CLOCK_SKEW;
  expect(explain('network')?.remedy).toMatch(/^run scenedim sync again/);
  now -= 1n;
  expect(explain('network', undefined, 'no answer')).toMatchObject({
    code: 'network',
    message: null,
    meaning: 'recorded under a clock that was ahead; newer attempts do not show until that time',
  });
});
