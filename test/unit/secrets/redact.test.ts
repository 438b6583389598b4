import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/secrets/redact.ts';

const token = 'T0p/+Secret="\\tökén';

describe('the redactor', () => {
  it.each([
    ['as it is', token],
    ['percent-encoded', encodeURIComponent(token)],
    ['percent-encoded in lower case', encodeURIComponent(token).replaceAll(/%../g, (triplet) => triplet.toLowerCase())],
    ['in JSON', JSON.stringify(token).slice(1, -1)],
    ['in JSON with escaped slashes', JSON.stringify(token).slice(1, -1).replaceAll('/', '\\/')],
  ])('replaces a registered secret %s', (_spelling, spelled) => {
    const redactor = createRedactor();
    redactor.register(token);
    expect(redactor.redact(`before ${spelled} after`)).toBe('before [redacted] after');
  });

  it.each(['', 'u', 'us', 'user:'])('leaves nothing of a secret that was base64-encoded behind "%s"', (prefix) => {
    const redactor = createRedactor();
    redactor.register(token);
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = Buffer.from(prefix + token).toString(encoding);
      const redacted = redactor.redact(`Basic ${encoded}`);
      expect(redacted).toContain('[redacted]');
      // At most two characters on each side are shared with the neighbours.
      expect(redacted.replace('[redacted]', '').length).toBeLessThanOrEqual(
        'Basic '.length + Math.ceil((prefix.length * 8) / 6) + 5,
      );
    }
  });

  it('replaces a long token that was cut off', () => {
    const redactor = createRedactor();
    const long = `62_${'aB3-'.repeat(130)}`;
    redactor.register(long);
    expect(redactor.redact(`invalid [${long.slice(0, 40)}] rid: 1`)).toBe('invalid [[redacted]] rid: 1');
  });

  it.each([
    ['https://h/p?access_token=abc&x=1', 'https://h/p?access_token=[redacted]&x=1'],
    ['appid=wx1&secret=abc', 'appid=wx1&secret=[redacted]'],
    [
      'component_appsecret=abc component_access_token=def',
      'component_appsecret=[redacted] component_access_token=[redacted]',
    ],
    ['{"access_token":"abc","expires_in":7200}', '{"access_token":"[redacted]","expires_in":7200}'],
    ['{"authorizer_refresh_token": "abc\\/d"}', '{"authorizer_refresh_token": "[redacted]"}'],
    ['"{\\"access_token\\":\\"abc\\"}"', '"{\\"access_token\\":\\"[redacted]\\"}"'],
    ['access_token: abcdefghijklmnop is bad', 'access_token: [redacted] is bad'],
    ['postgres://me:p@ss/w@db:5432/x?password=y', 'postgres://me:[redacted]@db:5432/x?password=[redacted]'],
    ['http://user:pass@proxy:8080/', 'http://user:[redacted]@proxy:8080/'],
    ['got ya29.c.b0Aaek-x_1.', 'got [redacted]'],
    ['{"x":"refreshtoken@@@aB-_9z"}', '{"x":"[redacted]"}'],
    ['x=refreshtoken%40%40%40aB-_9z&y=ticket@@@aB9', 'x=[redacted]&y=[redacted]'],
    ['sub eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln is', 'sub [redacted] is'],
    ['{"private_key":"-----BEGIN PRIVATE KEY-----\\nMIIE\\n"}', '{"private_key":"[redacted]"}'],
    [
      '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----',
    ],
    [`got ${'aZ09_-'.repeat(90)}.`, 'got [redacted].'],
    ["host=db password='abc' user=me", "host=db password='[redacted]' user=me"],
  ])('finds what looks like a secret in %s', (text, redacted) => {
    expect(createRedactor().redact(text)).toBe(redacted);
  });

  it.each([
    'invalid credential, access_token is invalid or not latest rid: 617682e0-09059ac5-34a8e2ea',
    'component is not authorized hint: [abc] rid: 61768-0905',
    'check the app secret: it was changed',
    'add 203.0.113.7 to the IP whitelist',
    'http://127.0.0.1:8080/wxaapi/log/get_scene?x=a@b',
  ])('leaves "%s" alone', (text) => {
    expect(createRedactor().redact(text)).toBe(text);
  });

  it('ignores secrets of fewer than six characters, and pieces of its own mark', () => {
    const redactor = createRedactor();
    for (const secret of ['', 'value', 'redact', 'redacted']) redactor.register(secret);
    expect(redactor.redact('a value was redacted')).toBe('a value was redacted');
  });

  it('forgets a secret when the last who registered it disposes of it, but for how it begins', () => {
    const redactor = createRedactor();
    const secret = 'hunter2hunter2hunter2';
    const first = redactor.register(secret);
    const second = redactor.register(secret);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(redactor.redact(`x${secret.slice(0, 15)}/${secret}`)).toBe('xhunter2hunter2h/[redacted]');
    second[Symbol.dispose]();
    expect(redactor.redact(secret.slice(1))).toBe(secret.slice(1));
    expect(redactor.redact(secret)).toBe('[redacted]');
  });

  it('finds a secret in bytes, also in bytes that are not UTF-8', () => {
    const redactor = createRedactor();
    redactor.register(token);
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(token), Buffer.from([0x80])]);
    expect(redactor.holdsSecret(bytes)).toBe(true);
    expect(redactor.holdsSecret(bytes.subarray(0, -2))).toBe(false);
  });

  it('changes nothing at the second pass, and leaves no secret at the first', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'access_token=',
        '"secret":"',
        'refresh_token: ',
        'postgres://u:',
        '@',
        '&',
        '"',
        '\\',
        ' ',
        '[redacted]',
        '[',
        ']',
      ),
      fc.constantFrom('S3cretS3cret', 'd]S3cre', '[redacS', 'tokentokentokentokentokentokentoken'),
      fc.string({ maxLength: 5 }),
    );
    const secrets = ['S3cretS3cret', 'd]S3cre', '[redacS', 'tokentokentokentokentokentokentoken'];
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const redactor = createRedactor();
        for (const secret of secrets) redactor.register(secret);
        const once = redactor.redact(pieces.join(''));
        expect(redactor.redact(once)).toBe(once);
        for (const part of once.split('[redacted]'))
          expect(secrets.filter((secret) => part.includes(secret))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes linear time on long runs of white space and names', () => {
    const redactor = createRedactor();
    const text = 'access_token'.repeat(20_000) + ' '.repeat(300_000) + '://a:'.repeat(20_000);
    expect(redactor.redact(text)).toMatch(/^\[redacted\] /);
  });
});
