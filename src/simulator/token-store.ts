import { createHash } from 'node:crypto';
import type { Micros } from '../instant.ts';

/** An account that the simulator knows. */
export interface SimulatorAccount {
  readonly appId: string;
  /** Default: derived from the app id, the same each time. */
  readonly appSecret?: string | undefined;
}

/** What a token is worth. */
export type TokenState =
  | { readonly state: 'valid' | 'expired'; readonly appId: string }
  | { readonly state: 'invalid' };

/** Secrets and access tokens of the simulated accounts. */
export interface TokenOffice {
  has(appId: string): boolean;
  /** Undefined for an account that is not known. */
  appSecret(appId: string): string | undefined;
  /** `stable_token` in normal mode: the same token until its last 5 minutes. */
  stable(appId: string): { readonly token: string; readonly expiresInSeconds: number };
  /** `/cgi-bin/token` and `force_refresh`: a new token; the one before dies at once. */
  replace(appId: string): { readonly token: string; readonly expiresInSeconds: number };
  inspect(token: string): TokenState;
}

interface Lease {
  readonly generation: number;
  readonly expiresAt: Micros;
}

const LIFETIME: Micros = 7_200_000_000n;
const OVERLAP: Micros = 300_000_000n;

/** Tokens are derived from account and generation, so that a hundred thousand of them need no memory. */
export function createTokenOffice(accounts: Iterable<SimulatorAccount>, now: () => Micros): TokenOffice {
  const secrets = new Map<string, string | undefined>();
  for (const { appId, appSecret } of accounts) secrets.set(appId, appSecret);
  const leases = new Map<string, { current: Lease; previous: Lease | null }>();

  function issue(appId: string, keepPrevious: boolean): Lease {
    const before = leases.get(appId)?.current ?? null;
    const current = { generation: (before?.generation ?? 0) + 1, expiresAt: now() + LIFETIME };
    leases.set(appId, { current, previous: keepPrevious ? before : null });
    return current;
  }

  function answer(appId: string, lease: Lease) {
    return {
      token: tokenText(appId, lease.generation),
      expiresInSeconds: Number((lease.expiresAt - now()) / 1_000_000n),
    };
  }

  return {
    has: (appId) => secrets.has(appId),
    appSecret: (appId) =>
      secrets.has(appId) ? (secrets.get(appId) ?? digest(`${appId} secret`).slice(0, 32)) : undefined,
    stable(appId) {
      const current = leases.get(appId)?.current;
      const usable = current !== undefined && current.expiresAt - now() >= OVERLAP;
      return answer(appId, usable ? current : issue(appId, true));
    },
    replace: (appId) => answer(appId, issue(appId, false)),
    inspect(token) {
      const [, hex, generation] = /_([0-9a-f]+)_(\d+)$/.exec(token) ?? [];
      const appId = Buffer.from(hex ?? '', 'hex').toString('utf8');
      if (!secrets.has(appId) || token !== tokenText(appId, Number(generation))) return { state: 'invalid' };
      const { current, previous } = leases.get(appId) ?? { current: issue(appId, false), previous: null };
      const lease = [current, previous].find((candidate) => candidate?.generation === Number(generation));
      if (lease === undefined || lease === null) return { state: 'invalid' };
      return { state: lease.expiresAt > now() ? 'valid' : 'expired', appId };
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** At least 512 characters, like the real ones. */
function tokenText(appId: string, generation: number): string {
  const noise = createHash('shake256', { outputLength: 384 }).update(`${appId} ${generation}`).digest('base64url');
  return `${noise}_${Buffer.from(appId, 'utf8').toString('hex')}_${generation}`;
}
