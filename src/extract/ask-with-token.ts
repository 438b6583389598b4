import type { Timer } from '../clock.ts';
import type { AccountTokens } from './credentials/account-tokens.ts';
import { SECOND_TRY_WAIT_MS, type TokenCall } from './credentials/token-provider.ts';
import type { CredentialKind, SourceAccount } from './scene-source.ts';
import type { CallOutcome, WechatClient, WechatRequest } from './wechat-client.ts';

/** A request without the access token of the account. */
export type AccountRequest = Pick<WechatRequest, 'endpoint' | 'method' | 'path' | 'json'>;

export interface AskWithToken {
  readonly client: WechatClient;
  readonly tokens: AccountTokens;
  readonly timer: Timer;
}

/**
 * One call of the API with the access token of an account. When WeChat refuses the token, it is
 * looked up again and the call made once more: at once with another token, with the same one after
 * {@link SECOND_TRY_WAIT_MS}.
 */
export async function askWithToken(
  account: SourceAccount,
  request: AccountRequest,
  call: TokenCall,
  { client, tokens, timer }: AskWithToken,
): Promise<CallOutcome> {
  const credentials = kindOf(account.credentials);
  const usedUp = client.quotaFailure({ endpoint: request.endpoint, credentials });
  if (usedUp !== null) return usedUp;
  const ask = (token: string): Promise<CallOutcome> =>
    client.call({ ...request, credentials, query: { access_token: token } }, call.limit);
  const token = await tokens.current(account, call);
  if (token.kind === 'failure') return token;
  const outcome = await ask(token.token);
  if (!isRefusalOfToken(outcome)) return outcome;

  const again = await tokens.again(account, call);
  if (again.kind === 'failure') return again;
  if (again.token !== token.token) return ask(again.token);
  if (call.limit.leftMs() <= SECOND_TRY_WAIT_MS) return stillTheSame(outcome);
  await timer.sleep(SECOND_TRY_WAIT_MS, call.limit.signal);
  return stillTheSame(await ask(again.token));
}

/** An account without credentials gets no token, so its kind is never used. */
function kindOf(credentials: SourceAccount['credentials']): CredentialKind {
  if (credentials === undefined || 'accessToken' in credentials) return 'accessToken';
  return 'platform' in credentials ? 'platform' : 'appSecret';
}

/**
 * True for 41002 too: WeChat misses an app id that was sent now and then, as it refuses a good
 * token.
 */
function isRefusalOfToken(outcome: CallOutcome): boolean {
  return outcome.kind === 'failure' && (outcome.failure.errorClass === 'token' || outcome.failure.code === '41002');
}

function stillTheSame(outcome: CallOutcome): CallOutcome {
  if (outcome.kind === 'answer' || !isRefusalOfToken(outcome)) return outcome;
  const message = `${outcome.failure.message}; the token was looked up again and is still the same`;
  return { kind: 'failure', failure: { ...outcome.failure, message } };
}
