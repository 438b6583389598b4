import { createHash } from 'node:crypto';
import type { Micros } from '../instant.ts';

/** Secrets and access tokens of the simulated accounts. Tokens are derived from account and generation and need no memory. */
export class TokenStore {
  readonly #secrets = new Map<string, string | undefined>();
  /** `stable_token` and `/cgi-bin/token` are isolated: a call of one never kills a token of the other. */
  readonly #issued = { stable: new Map<string, IssuedTokens>(), classic: new Map<string, IssuedTokens>() };
  /** Tokens that an account was given so far, of both kinds. */
  readonly #generations = new Map<string, number>();
  readonly #now: () => Micros;

  constructor(accounts: Iterable<SimulatorAccount>, now: () => Micros) {
    this.#now = now;
    for (const { appId, appSecret } of accounts) this.#secrets.set(appId, appSecret);
  }

  has(appId: string): boolean {
    return this.#secrets.has(appId);
  }

  /** Undefined for an account that is not known. */
  appSecret(appId: string): string | undefined {
    if (!this.has(appId)) return undefined;
    return this.#secrets.get(appId) ?? digest(`${appId} secret`).slice(0, 32);
  }

  /** `stable_token` in normal mode: the same token until its last 5 minutes. */
  stable(appId: string): TokenAnswer {
    const current = this.#issued.stable.get(appId)?.current;
    const isUsable = current !== undefined && current.expiresAt - this.#now() >= OVERLAP;
    return this.#answer(appId, isUsable ? current : this.#issue(appId, 'stable'));
  }

  /** `stable_token` with `force_refresh`: a new token; the one before dies at once. */
  replace(appId: string): TokenAnswer {
    this.#issued.stable.delete(appId);
    return this.#answer(appId, this.#issue(appId, 'stable'));
  }

  /** `/cgi-bin/token`: a new token; the one before lives for 5 more minutes at most. */
  classic(appId: string): TokenAnswer {
    const before = this.#issued.classic.get(appId)?.current;
    const endsAt = this.#now() + OVERLAP;
    const current = before !== undefined && before.expiresAt > endsAt ? { ...before, expiresAt: endsAt } : before;
    if (current !== undefined) this.#issued.classic.set(appId, { current, previous: null });
    return this.#answer(appId, this.#issue(appId, 'classic'));
  }

  inspect(token: string): TokenState {
    const [, hex, generation] = /_([0-9a-f]+)_(\d+)$/.exec(token) ?? [];
    const appId = Buffer.from(hex ?? '', 'hex').toString('utf8');
    if (!this.has(appId) || token !== tokenText(appId, Number(generation))) return { state: 'invalid' };
    if (!this.#issued.stable.has(appId)) this.#issue(appId, 'stable');
    const found = [this.#issued.stable.get(appId), this.#issued.classic.get(appId)]
      .flatMap((issued) => [issued?.current, issued?.previous])
      .find((candidate) => candidate?.generation === Number(generation));
    if (found === undefined || found === null) return { state: 'invalid' };
    return { state: found.expiresAt > this.#now() ? 'valid' : 'expired', appId };
  }

  #issue(appId: string, kind: 'stable' | 'classic'): Token {
    const generation = (this.#generations.get(appId) ?? 0) + 1;
    this.#generations.set(appId, generation);
    const current = { generation, expiresAt: this.#now() + LIFETIME };
    this.#issued[kind].set(appId, { current, previous: this.#issued[kind].get(appId)?.current ?? null });
    return current;
  }

  #answer(appId: string, { generation, expiresAt }: Token): TokenAnswer {
    return { token: tokenText(appId, generation), expiresInSeconds: Number((expiresAt - this.#now()) / 1_000_000n) };
  }
}

export interface SimulatorAccount {
  readonly appId: string;
  /** Default: derived from the app id, the same each time. */
  readonly appSecret?: string | undefined;
}

export interface TokenAnswer {
  readonly token: string;
  readonly expiresInSeconds: number;
}

export type TokenState =
  | { readonly state: 'valid' | 'expired'; readonly appId: string }
  | { readonly state: 'invalid' };

interface Token {
  readonly generation: number;
  readonly expiresAt: Micros;
}

interface IssuedTokens {
  readonly current: Token;
  readonly previous: Token | null;
}

const LIFETIME: Micros = 7_200_000_000n;
const OVERLAP: Micros = 300_000_000n;

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** At least 512 characters, like the real ones. */
function tokenText(appId: string, generation: number): string {
  const noise = createHash('shake256', { outputLength: 384 }).update(`${appId} ${generation}`).digest('base64url');
  return `${noise}_${Buffer.from(appId, 'utf8').toString('hex')}_${generation}`;
}
