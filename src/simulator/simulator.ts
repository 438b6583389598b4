import type { Clock } from '../clock.ts';
import type { SimulatorAccount, SimulatorAccountRule } from './accounts/account-directory.ts';
import type { MintedBy } from './endpoints/endpoint.ts';
import type { SimulatorFault } from './fault-plan.ts';
import type { SimulatorLatency } from './latency.ts';
import type { RosterShift } from './platform/roster.ts';
import type { SimulatorPlatformOptions } from './platform/simulated-platform.ts';
import type { CallLimit } from './quotas.ts';
import { RunningSimulator } from './running-simulator.ts';
import type { SceneChange } from './scene-lists.ts';
import type { SimulatorRequest } from './simulator-request.ts';
import type { SimulatorScript } from './simulator-script.ts';

/**
 * Starts WeChat's API on loopback, over real HTTP: getSceneList, stable_token, token and, with a
 * `platform`, what a third-party platform calls; with scripted changes and faults. Every answer
 * carries `X-Scenedim-Simulator: 1`. `POST /_simulator/changes`, `POST` and
 * `DELETE /_simulator/faults` and `GET /_simulator` do the same from a shell;
 * `GET /_simulator/platform` gives the platform's token and ticket.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new RunningSimulator({ accounts: defaultSimulatorAccounts, ...options });
  await simulator.listen(options.host ?? '127.0.0.1', options.port ?? 0);
  return simulator;
}

export interface SimulatorOptions {
  /** `127.0.0.1` (default), `::1` or `localhost`; anything else is refused with `usage`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default: {@link defaultSimulatorAccounts}. */
  readonly accounts?: Iterable<SimulatorAccount> | SimulatorAccountRule;
  /** A third-party platform, which the accounts have authorised. Default: none. */
  readonly platform?: SimulatorPlatformOptions | undefined;
  /** For `Date` headers, token lifetimes and steps with `at`. Default: the machine's. */
  readonly clock?: Clock;
  readonly script?: SimulatorScript;
  /** How long every answer takes. Default 0. */
  readonly latencyMs?: SimulatorLatency | undefined;
  /**
   * After how many calls a day 45009 is answered: of an account for its own token and secret, of
   * the platform for all its accounts. A day begins at midnight in China. Default: never.
   */
  readonly dailyQuota?: CallLimit | undefined;
  /** The same for a minute, which begins with the clock's: 45011. */
  readonly minuteQuota?: CallLimit | undefined;
}

/** A running simulator; disposing stops it and ends every connection. */
export interface Simulator extends AsyncDisposable {
  /** For `source.baseUrl`. */
  readonly url: string;
  readonly port: number;
  /** The newest 10,000 requests to the API, oldest first. */
  readonly requests: readonly SimulatorRequest[];
  /** Requests to the API since the start, by path. */
  readonly requestCounts: Readonly<Record<string, number>>;
  /**
   * Access tokens that were made since the start, by what made them; one that is given again counts
   * once.
   */
  readonly minted: Readonly<Record<MintedBy, number>>;
  /** Requests that were under way at the same time, at most, since the start. */
  readonly peakInFlight: number;
  /** The secret of a known account; throws `usage` for another. */
  appSecret(appId: string): string;
  /** The token of a known account, as somebody who maintains it would have it. */
  accessToken(appId: string): string;
  /** What another program does that calls `stable_token` with `force_refresh`: the account's token dies. */
  replaceToken(appId: string): void;
  /** The secret of the platform. What concerns the platform throws `usage` without one. */
  readonly componentAppSecret: string;
  /** The newest ticket that WeChat pushed to the platform. */
  readonly verifyTicket: string;
  /** WeChat pushes another ticket; those before live on for their 12 hours. */
  renewTicket(): void;
  /** All tickets so far expire, and WeChat pushes none until `renewTicket`. */
  expireTickets(): void;
  /** The token of the platform, as the program that maintains it has it. */
  componentAccessToken(): string;
  /** The newest refresh token that WeChat gave for the account. */
  refreshToken(appId: string): string;
  isRefreshTokenAlive(appId: string, token: string): boolean;
  /** The account authorises the platform, anew if it did before: it is the last of the roster. */
  authorize(account: SimulatorAccount): void;
  /**
   * The account takes its authorisation back: tokens that the platform has for it are refused by
   * 61003.
   */
  revoke(appId: string): void;
  /** Changes the roster at once, or between two pages of a reader. */
  shiftRoster(shift: RosterShift): void;
  /** Changes the list of one account, or of all. */
  change(change: SceneChange, appId?: string): void;
  /** Spoils coming requests. Throws `usage` for a fault that does not fit its endpoint. */
  inject(fault: SimulatorFault): void;
  clearFaults(): void;
  /** Forgets requests and counts. */
  clearRequests(): void;
}

export const defaultSimulatorAccounts: readonly SimulatorAccount[] = [
  { appId: 'wx0123456789abcdef' },
  { appId: 'wxfedcba9876543210' },
];
