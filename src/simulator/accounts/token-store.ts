import { hash } from 'node:crypto';
import type { Micros } from '../../instant.ts';
import type { AccountDirectory } from './account-directory.ts';
import { type IssuedToken, TOKEN_OVERLAP, TokenHistory } from './token-history.ts';

/**
 * Access tokens, of the accounts and of the platform. A token is derived from its owner, kind and
 * generation. The kinds are isolated: a call that gives one never kills a token of another kind.
 */
export class TokenStore {
  readonly #accounts: AccountDirectory;
  readonly #componentAppId: string | undefined;
  readonly #now: () => Micros;
  readonly #histories: Readonly<Record<TokenKind, TokenHistory>> = {
    stable: new TokenHistory(),
    classic: new TokenHistory(),
    authorizer: new TokenHistory(),
    component: new TokenHistory(),
  };

  constructor(accounts: AccountDirectory, componentAppId: string | undefined, now: () => Micros) {
    this.#accounts = accounts;
    this.#componentAppId = componentAppId;
    this.#now = now;
  }

  /** `stable_token` in normal mode: the same token until its last 5 minutes. */
  stable(appId: string): TokenAnswer {
    return this.#usable('stable', appId);
  }

  /** `stable_token` with `force_refresh`: a new token; the one before dies at once. */
  replace(appId: string): TokenAnswer {
    return this.#issue('stable', appId, 'dies');
  }

  /** `/cgi-bin/token`: a new token; the one before lives for 5 more minutes at most. */
  classic(appId: string): TokenAnswer {
    return this.#issue('classic', appId, 'ends_soon');
  }

  /** `api_authorizer_token`: a new token; the one before lives for 5 more minutes at most. */
  authorizer(appId: string): TokenAnswer {
    return this.#issue('authorizer', appId, 'ends_soon');
  }

  /** `api_component_token`: a new token; the one before dies at once. */
  mintComponent(): TokenAnswer {
    return this.#issue('component', this.#componentAppId ?? '', 'dies');
  }

  /** The token of the platform as its keeper has it. */
  component(): TokenAnswer {
    return this.#usable('component', this.#componentAppId ?? '');
  }

  inspect(token: string): TokenState {
    const [, hex = '', letter = '', digits] = /_([0-9a-f]+)_([a-z])(\d+)$/.exec(token) ?? [];
    const [appId, generation, kind] = [Buffer.from(hex, 'hex').toString('utf8'), Number(digits), kinds[letter]];
    const owner = kind === undefined ? undefined : this.#ownerOf(kind, appId);
    if (kind === undefined || owner === undefined) return { state: 'invalid' };
    if (token !== tokenText(appId, kind, generation)) return { state: 'invalid' };
    const history = this.#histories[kind];
    // The first token of an account is the same in every simulator that knows it.
    if (kind === 'stable' && history.newest(owner) === undefined) history.issue(owner, this.#nowNumber(), 'dies');
    const found = history.find(owner, generation);
    if (found === undefined) return { state: 'invalid' };
    return { state: found.expiresAt > this.#nowNumber() ? 'valid' : 'expired', kind, appId };
  }

  #ownerOf(kind: TokenKind, appId: string): number | undefined {
    if (kind !== 'component') return this.#accounts.indexOf(appId);
    return appId === this.#componentAppId ? 0 : undefined;
  }

  #usable(kind: TokenKind, appId: string): TokenAnswer {
    const newest = this.#histories[kind].newest(this.#known(kind, appId));
    const isUsable = newest !== undefined && newest.expiresAt - this.#nowNumber() >= TOKEN_OVERLAP;
    return isUsable ? this.#answer(kind, appId, newest, false) : this.#issue(kind, appId, 'lives');
  }

  #issue(kind: TokenKind, appId: string, before: 'lives' | 'ends_soon' | 'dies'): TokenAnswer {
    const token = this.#histories[kind].issue(this.#known(kind, appId), this.#nowNumber(), before);
    return this.#answer(kind, appId, token, true);
  }

  #answer(kind: TokenKind, appId: string, { generation, expiresAt }: IssuedToken, isNew: boolean): TokenAnswer {
    const expiresInSeconds = Math.floor((expiresAt - this.#nowNumber()) / 1_000_000);
    return { token: tokenText(appId, kind, generation), expiresInSeconds, isNew };
  }

  #known(kind: TokenKind, appId: string): number {
    const owner = this.#ownerOf(kind, appId);
    if (owner === undefined) throw new Error(`no owner ${appId} of a ${kind} token`);
    return owner;
  }

  #nowNumber(): number {
    return Number(this.#now());
  }
}

export type TokenKind = 'stable' | 'classic' | 'authorizer' | 'component';

export interface TokenAnswer {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** False when it was given before. */
  readonly isNew: boolean;
}

export type TokenState =
  | { readonly state: 'valid' | 'expired'; readonly kind: TokenKind; readonly appId: string }
  | { readonly state: 'invalid' };

const kinds: Readonly<Partial<Record<string, TokenKind>>> = {
  s: 'stable',
  c: 'classic',
  a: 'authorizer',
  p: 'component',
};
const letters: Readonly<Record<TokenKind, string>> = { stable: 's', classic: 'c', authorizer: 'a', component: 'p' };

/** At least 512 characters, like the real ones. */
function tokenText(appId: string, kind: TokenKind, generation: number): string {
  const text = `${appId} ${kind} ${generation}`;
  const noise = hash('shake256', text, { outputEncoding: 'base64url', outputLength: 384 });
  return `${noise}_${Buffer.from(appId, 'utf8').toString('hex')}_${letters[kind]}${generation}`;
}
