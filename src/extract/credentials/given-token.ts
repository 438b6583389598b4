import type { Clock } from '../../clock.ts';
import type { GivenTokenCredentials } from '../scene-source.ts';
import { readCredential } from './read-credential.ts';
import type { AccountWith, TokenCall, TokenOutcome, TokenProvider } from './token-provider.ts';

/** A token that somebody else maintains is read each time and used as it is. */
export class GivenToken implements TokenProvider<GivenTokenCredentials> {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  current(account: AccountWith<GivenTokenCredentials>, call: TokenCall): Promise<TokenOutcome> {
    return this.again(account, call);
  }

  async again({ appId, credentials }: AccountWith<GivenTokenCredentials>, call: TokenCall): Promise<TokenOutcome> {
    const credential = { appId, what: 'access token', read: credentials.accessToken } as const;
    const token = await readCredential(credential, call, this.#clock);
    return token.kind === 'failure' ? token : { kind: 'token', token: token.text };
  }
}
