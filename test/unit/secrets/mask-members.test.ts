import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskMembers } from '../../../src/secrets/mask-members.ts';

describe('maskMembers', () => {
  it.each([
    ['access_token=50_x', 'access_token=[redacted]'],
    ['appid=wx1&secret=abc&grant_type=client_credential', 'appid=wx1&secret=[redacted]&grant_type=client_credential'],
    ['{"component_appsecret":"x","errcode":40001}', '{"component_appsecret":"[redacted]","errcode":40001}'],
    ['{"access\\u005ftoken":"x"}', '{"access\\u005ftoken":"[redacted]"}'],
    ['{"secret":{"a":"x"},"b":1}', '{"secret":"[redacted]","b":1}'],
    ['{"access_token":["x","y"],"b":1}', '{"access_token":"[redacted]","b":1}'],
    [
      '{"list":[{"refresh_token":"x"},{"refresh_token":"y"}]}',
      '{"list":[{"refresh_token":"[redacted]"},{"refresh_token":"[redacted]"}]}',
    ],
    ['{"a":{"refresh_token":"x"}}', '{"a":{"refresh_token":"[redacted]"}}'],
    [
      '{"authorization_info":{"func_info":[{"id":1}],"authorizer_refresh_token":"x"}}',
      '{"authorization_info":{"func_info":[{"id":1}],"authorizer_refresh_token":"[redacted]"}}',
    ],
    ['{"ticket":123}', '{"ticket":"[redacted]"}'],
    [
      '<xml><AppId>wx1</AppId><ComponentVerifyTicket>t@@@x</ComponentVerifyTicket></xml>',
      '<xml><AppId>wx1</AppId><ComponentVerifyTicket>[redacted]</ComponentVerifyTicket></xml>',
    ],
    [
      '{"errcode":45009,"errmsg":"reach max rid: 617682e0-09059ac5-34a8e2ea"}',
      '{"errcode":45009,"errmsg":"reach max rid: 617682e0-09059ac5-34a8e2ea"}',
    ],
    ['{"code":0,"big":12345678901234567890}', '{"code":"[redacted]","big":12345678901234567890}'],
    ['', ''],
  ])('%s', (text, masked) => {
    expect(maskMembers(text)).toBe(masked);
    expect(maskMembers(masked)).toBe(masked);
  });

  it('masks a secret at any depth of JSON, also of JSON in its strings, and leaves the rest', () => {
    const secret = 'Zq7Xw';
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string({ unit: fc.constantFrom('a', '"', '\\', ' ', '中', '{', '[') }),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.record({ a: tie('node'), access_token: fc.constant(secret) }),
        tie('node').map((inner) => JSON.stringify({ refresh_token: secret, inner })),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        expect(maskMembers(JSON.stringify({ value }))).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });
});
