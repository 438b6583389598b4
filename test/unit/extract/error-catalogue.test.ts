import { describe, expect, it } from 'vitest';
import {
  type AnsweredCode,
  classifyErrorCode,
  errorCatalogue,
  isUnavailable,
} from '../../../src/extract/error-catalogue.ts';
import { type CredentialKind, credentialKinds, type ErrorClass } from '../../../src/extract/scene-source.ts';

interface Row {
  readonly errorClass: ErrorClass;
  readonly accountOnly: boolean;
  readonly credentialsRefused: boolean;
  readonly remedy: RegExp;
}

const unavailable = { errorClass: 'unavailable', accountOnly: true, credentialsRefused: false } as const;
const bug = { errorClass: 'bug', accountOnly: true, credentialsRefused: false, remedy: /report/ } as const;
const token = {
  errorClass: 'token',
  accountOnly: true,
  credentialsRefused: true,
  remedy: /renew the access token/,
} as const;
const transient = { errorClass: 'transient', accountOnly: true, credentialsRefused: false } as const;
const ownCredential = { errorClass: 'configuration', accountOnly: true, credentialsRefused: true } as const;
const notFound = { errorClass: 'unknown', accountOnly: true, credentialsRefused: false } as const;
const everybody = { errorClass: 'configuration', accountOnly: false, credentialsRefused: false } as const;

const expected: Readonly<Record<string, Row>> = {
  '-1': { ...transient, remedy: /run again/ },
  '45011': { ...transient, remedy: /ratePerSecond/ },
  '40001': token,
  '40014': token,
  '42001': token,
  '45009': { errorClass: 'quota', accountOnly: true, credentialsRefused: false, remedy: /tomorrow/ },
  '48001': { ...unavailable, remedy: /interface permissions/ },
  '48004': { ...unavailable, remedy: /mp\.weixin\.qq\.com/ },
  '50002': { ...unavailable, remedy: /mp\.weixin\.qq\.com/ },
  '50004': { ...unavailable, remedy: /mp\.weixin\.qq\.com/ },
  '50007': { ...unavailable, remedy: /mp\.weixin\.qq\.com/ },
  '61003': { ...unavailable, remedy: /a token or secret of its own/ },
  '61007': { ...unavailable, remedy: /a token or secret of its own/ },
  '61009': { ...unavailable, remedy: /a token or secret of its own/ },
  '61010': { ...unavailable, remedy: /a token or secret of its own/ },
  '61023': { ...unavailable, remedy: /a token or secret of its own/ },
  '42007': { ...unavailable, remedy: /renew the access token/ },
  '89501': { ...unavailable, remedy: /administrator/ },
  '89503': { ...unavailable, remedy: /administrator/ },
  '89506': { ...unavailable, remedy: /administrator/ },
  '89507': { ...unavailable, remedy: /administrator/ },
  '507010': { ...unavailable, remedy: /publish/ },
  '40013': { ...ownCredential, remedy: /appId/ },
  '40125': { ...ownCredential, remedy: /renew the access token/ },
  '40243': { ...ownCredential, remedy: /unfreeze/ },
  '40164': { ...ownCredential, remedy: /whitelist/ },
  '61004': { ...everybody, remedy: /whitelist/ },
  '61005': { ...everybody, remedy: /component_verify_ticket/ },
  '61006': { ...everybody, remedy: /component_verify_ticket/ },
  '61011': { ...everybody, remedy: /componentAppId/ },
  '87009': { ...everybody, remedy: /security settings/ },
  '76001': { ...notFound, remedy: /7 days/ },
  '76002': { ...notFound, remedy: /copy the rid/ },
  '76003': { ...notFound, remedy: /--app-id/ },
  '40002': bug,
  '40066': bug,
  '40097': bug,
  '41001': bug,
  '41002': bug,
  '41004': bug,
  '41018': bug,
  '43001': bug,
  '43002': bug,
  '43003': bug,
  '44002': bug,
  '47001': bug,
  '61014': bug,
  '61024': bug,
};

function ofToken(code: string): AnsweredCode {
  return { code, endpoint: 'scene_list', credentials: 'accessToken', errmsg: '' };
}

function atToken(code: string, errmsg = ''): AnsweredCode {
  return { code, endpoint: 'token', credentials: 'appSecret', errmsg };
}

describe('the catalogue of error codes', () => {
  it.each(Object.entries(expected))('classifies %s and names a remedy', (code, { remedy, ...rest }) => {
    const { errorClass, accountOnly, credentialsRefused, remedy: given } = classifyErrorCode(ofToken(code));
    expect({ errorClass, accountOnly, credentialsRefused }).toEqual(rest);
    expect(given).toMatch(remedy);
  });

  it('lists exactly the codes that have a row here', () => {
    expect([...errorCatalogue.keys()].sort()).toEqual(Object.keys(expected).sort());
  });

  it('calls a code that it does not list unknown, for this account only', () => {
    expect(classifyErrorCode(ofToken('99999'))).toEqual({
      errorClass: 'unknown',
      meaning: 'a code that is not in the catalogue',
      remedy: 'look the code up in the documentation of WeChat, or give the code and the rid to WeChat support',
      accountOnly: true,
      credentialsRefused: false,
    });
  });

  it('takes 40001 from a token endpoint for a wrong secret of the account', () => {
    const { errorClass, accountOnly, credentialsRefused } = classifyErrorCode(atToken('40001'));
    expect({ errorClass, accountOnly, credentialsRefused }).toEqual(ownCredential);
  });

  it.each([
    ['invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 61768-0905', '203.0.113.7'],
    ['invalid ip 2001:db8::17, not in whitelist', '2001:db8::17'],
  ])('names the IP of "%s" in the remedy', (errmsg, ip) => {
    expect(classifyErrorCode(atToken('40164', errmsg)).remedy).toBe(
      `add ${ip} to the IP whitelist of this account at mp.weixin.qq.com`,
    );
  });

  it('keeps the general remedy when the text names no IP', () => {
    const remedy = 'add the IP of this machine to the IP whitelist of this account at mp.weixin.qq.com';
    expect(classifyErrorCode(atToken('40164', 'invalid ip, rid: 617682e0-09059ac5')).remedy).toBe(remedy);
  });

  it('knows which codes say that an account has no list to give', () => {
    const codes = [...errorCatalogue.keys(), '99999', '0'].filter(isUnavailable).sort();
    expect(codes).toEqual(
      Object.keys(expected)
        .filter((code) => expected[code]?.errorClass === 'unavailable')
        .sort(),
    );
  });
});

describe('the remedy of a code, by what the account is asked about with', () => {
  const platformWords = /platform|permission set|authoris/i;
  const remedies = (code: string, endpoint: AnsweredCode['endpoint'] = 'scene_list') =>
    Object.fromEntries(
      credentialKinds.map((credentials) => [
        credentials,
        classifyErrorCode({ code, endpoint, credentials, errmsg: '' }).remedy,
      ]),
    ) as Record<CredentialKind, string>;

  it.each(['40001', '40014', '42001'])('%s: only a maintained token is renewed by hand', (code) => {
    const { appSecret, accessToken, platform } = remedies(code);
    expect(accessToken).toMatch(/^renew the access token where it is maintained/);
    expect(appSecret).toMatch(/^run again: each run asks for a token/);
    expect(platform).toMatch(/^run again: each run asks for a token; when it stays, the account must authorise/);
  });

  it('48001 of an own account speaks of its own permissions, of a platform of the permission set', () => {
    const { appSecret, accessToken, platform } = remedies('48001');
    expect(appSecret).toMatch(/^look at the interface permissions of this account at mp\.weixin\.qq\.com/);
    expect(accessToken).toBe(appSecret);
    expect(platform).toMatch(/permission set 18/);
  });

  it.each([
    ['61007', /permission set 18/],
    ['61003', /^the account must authorise/],
    ['61023', /^the account must authorise/],
  ])('%s tells an own account nothing that only an account of a platform can do', (code, ofPlatform) => {
    const { appSecret, accessToken, platform } = remedies(code);
    expect(platform).toMatch(ofPlatform);
    expect(appSecret + accessToken).not.toMatch(/permission set|authorise/);
  });

  it('40125 and 40164 of an account of a platform are about the platform', () => {
    expect(remedies('40125').platform).toBe('check source.platform.mint.componentAppSecret');
    expect(remedies('40164').platform).toMatch(/whitelist of the platform/);
  });

  it('only codes that WeChat gives for a platform send an own account to one', () => {
    const sent = [...errorCatalogue.keys()].filter((code) => {
      const { appSecret, accessToken } = remedies(code);
      return platformWords.test(appSecret) || platformWords.test(accessToken);
    });
    expect(sent.sort()).toEqual(
      ['61003', '61004', '61005', '61006', '61007', '61009', '61010', '61011', '61023'].sort(),
    );
  });

  it('of a stored 40001 with an app secret names the secret first, since nobody knows which endpoint gave it', () => {
    const stored = { code: '40001', endpoint: null, credentials: 'appSecret', errmsg: '' } as const;
    const { meaning, remedy } = classifyErrorCode(stored);
    expect(meaning).toBe('the app secret is wrong, or the access token is invalid or not the latest');
    expect(remedy).toMatch(/^check the appSecret of this account; when it is right, run again/);
    expect(classifyErrorCode({ ...stored, credentials: 'accessToken' }).remedy).toBe(remedies('40001').accessToken);
  });

  it('names the remedy of each kind for an account of which the kind is not known', () => {
    const { remedy } = classifyErrorCode({ code: '48001', endpoint: null, credentials: null, errmsg: '' });
    expect(remedy).toMatch(/^with an appSecret: look .*; with an accessToken: look .*; of a third-party platform: /);
  });
});
