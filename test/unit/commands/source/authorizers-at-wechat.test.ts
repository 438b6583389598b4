import { expect, test } from 'vitest';
import type { Session } from '../../../../src/commands/session/session.ts';
import { authorizersAtWechat } from '../../../../src/commands/source/authorizers-at-wechat.ts';
import { ListedTokens } from '../../../../src/extract/credentials/listed-tokens.ts';
import type { WechatSource } from '../../../../src/extract/wechat-source.ts';
import { createInstantTimer } from '../../../support/virtual-timer.ts';

const down = { kind: 'failure', code: 'network', message: 'cannot connect', remedy: null, unreachable: true };
const refused = { ...down, code: '61005', unreachable: false, errorClass: 'configuration', accountOnly: false };

/** A source whose list fails in these ways, then is there. */
function sourceThatIs(...failures: readonly object[]) {
  const left = [...failures];
  const tokens = new ListedTokens();
  tokens.add('wx1', 'token');
  let asked = 0;
  const listAuthorizers = async () => {
    asked += 1;
    return left.shift() ?? { kind: 'list', tokens, unusable: 0 };
  };
  return { source: { listAuthorizers } as unknown as WechatSource, asked: () => asked };
}

const session = { signal: new AbortController().signal, logger: { warn: () => {} } } as unknown as Session;

test.each([0, 1, 2, 3])('a list that cannot be had %i times is asked for again after 15 s each', async (times) => {
  const timer = createInstantTimer();
  const { source } = sourceThatIs(...Array.from({ length: times }, () => down));
  expect([...Iterator.from((await authorizersAtWechat(session, source, 3_600_000, timer)()).keys())]).toEqual(['wx1']);
  expect(timer.sleeps).toEqual(Array.from({ length: times }, () => 15_000));
});

test('a list that cannot be had for 45 s is given up, and one that is refused at once', async () => {
  const timer = createInstantTimer();
  const long = sourceThatIs(down, down, down, down);
  await expect(authorizersAtWechat(session, long.source, 3_600_000, timer)()).rejects.toMatchObject({
    code: 'source_unreachable',
  });
  expect(long.asked()).toBe(4);
  const once = sourceThatIs(refused);
  await expect(authorizersAtWechat(session, once.source, 3_600_000, timer)()).rejects.toMatchObject({
    code: 'config_invalid',
  });
  expect(once.asked()).toBe(1);
});
