import { abortable } from '../abortable.ts';
import { type Clock, systemTimer, type Timer } from '../clock.ts';
import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import type { RefreshTokenStore } from '../platform-stores.ts';
import { maskMembers } from '../secrets/mask-members.ts';
import { createRedactor, type Redactor } from '../secrets/redact.ts';
import { ServerTime } from '../server-time.ts';
import { type AccountRequest, type AskWithToken, askWithToken } from './ask-with-token.ts';
import { type CallFailure, callFailure, outOfTime } from './call-outcome.ts';
import { AccountTokens } from './credentials/account-tokens.ts';
import type { AuthorizerList } from './credentials/authorizer-list.ts';
import { AuthorizerToken } from './credentials/authorizer-token.ts';
import { ComponentToken } from './credentials/component-token.ts';
import { SharedWork } from './credentials/shared-work.ts';
import type { AccountWith, TokenCall } from './credentials/token-provider.ts';
import {
  type Quota,
  quotaRequest,
  type RidExplanation,
  readExplanation,
  readQuota,
  ridRequest,
} from './diagnostics.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { CHECK_BASE_URL } from './judge-attempt.ts';
import { type ProxyVariables, proxyFinder } from './proxy.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import {
  type AppSecretCredentials,
  type ComponentCredentials,
  type FetchFailure,
  type FetchResult,
  type SceneSource,
  SECRET_IN_ANSWER,
  type SourceAccount,
} from './scene-source.ts';
import { sourceDefaults } from './source-defaults.ts';
import { type TimeLimit, TimeLimitReached, withTimeLimit } from './time-limit.ts';
import { createWechatClient, type WechatClient } from './wechat-client.ts';

/**
 * WeChat's getSceneList for accounts with an access token, an app secret or a third-party platform.
 * Nothing that it returns holds a secret. An answer with `errcode` absent or 0 is returned byte for
 * byte, whatever its `scene` looks like; everything else is a failure with a remedy. Throws
 * `config_invalid` for a bad URL, proxy or rate.
 */
export function createWechatSource(options: WechatSourceOptions): WechatSource {
  return new WechatApi(options);
}

/** Everything but `clock` has a default; those of URLs, rate and time are {@link sourceDefaults}. */
export interface WechatSourceOptions {
  /** Stamps `observedAt`; compared with the `Date` of the answers. */
  readonly clock: Clock;
  readonly baseUrl?: string;
  /** Tried in turn after connect and DNS errors and 5xx. Default: `fallbackBaseUrl` beside the default `baseUrl`, else none. */
  readonly fallbackBaseUrls?: readonly string[] | undefined;
  /** Requests a second over all accounts, token requests included; `Infinity` for no limit. */
  readonly ratePerSecond?: number;
  /** For one request, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs?: number;
  /** For one account with all its requests and waits, in milliseconds. */
  readonly totalTimeoutMs?: number;
  /**
   * URL of the proxy between here and WeChat, or `env` for HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
   * Default: {@link proxyFinder}'s.
   */
  readonly proxy?: string | undefined;
  /** Where `env` looks. Default `process.env`. */
  readonly environment?: ProxyVariables;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Default {@link defaultRetryPolicy}. */
  readonly retry?: RetryPolicy;
  /** For accounts that have authorised a third-party platform. */
  readonly platform?: PlatformOptions | undefined;
  /** Told the secrets of the accounts that are being fetched. Default: one of its own. */
  readonly redactor?: Redactor;
  /** Default {@link systemTimer}. */
  readonly timer?: Timer;
  /** In [0, 1), for the jitter of the waits. Default `Math.random`. */
  readonly random?: () => number;
}

export interface PlatformOptions {
  readonly componentAppId: string;
  readonly credentials: ComponentCredentials;
  /** Closed with the source. */
  readonly store: RefreshTokenStore & AsyncDisposable;
}

/** A scene source, and the other questions that WeChat answers. */
export interface WechatSource extends SceneSource {
  /**
   * The accounts that have authorised the platform; asked for once. Throws a TypeError for a source
   * without one.
   */
  listAuthorizers(signal: AbortSignal): Promise<AuthorizerList | FetchFailure>;
  /**
   * Replaces the token that `stable_token` gives for this app secret: whatever uses the one before is refused from now on.
   * Null when it is done. Never part of a run.
   */
  replaceToken(account: AccountWith<AppSecretCredentials>, signal: AbortSignal): Promise<FetchFailure | null>;
  /** What WeChat knows about a call with this rid, without any secret; it keeps that for 7 days. */
  explainRid(account: SourceAccount, rid: string, signal: AbortSignal): Promise<RidExplanation | FetchFailure>;
  /** How much of the account's quota for a path of the API is left today. Takes none of it. */
  quotaOf(account: SourceAccount, path: string, signal: AbortSignal): Promise<Quota | FetchFailure>;
}

/** The list of WeChat's API that a source reads: getSceneList. */
export const SCENE_LIST_PATH = '/wxaapi/log/get_scene';

const sceneListRequest = { endpoint: 'scene_list', method: 'GET', path: SCENE_LIST_PATH } as const;

class WechatApi implements WechatSource {
  readonly host: string;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #redactor: Redactor;
  readonly #totalTimeoutMs: number;
  readonly #http: HttpClient;
  readonly #client: WechatClient;
  readonly #shared: SharedWork;
  readonly #platform: { readonly tokens: AuthorizerToken; readonly options: PlatformOptions } | null;
  readonly #tokens: AccountTokens;
  readonly #asking: AskWithToken;
  readonly #serverTime: ServerTime;

  constructor(options: WechatSourceOptions) {
    const {
      clock,
      timer = systemTimer,
      redactor = createRedactor(),
      totalTimeoutMs = sourceDefaults.totalTimeoutMs,
    } = options;
    this.#clock = clock;
    this.#timer = timer;
    this.#redactor = redactor;
    this.#totalTimeoutMs = totalTimeoutMs;
    const baseUrls = baseUrlsOf(options);
    const findProxy = proxyFinder(options.proxy, options.environment ?? process.env);
    // So that a proxy that is wrong throws here, before any request.
    for (const url of baseUrls) findProxy(new URL(url));
    const timeoutMs = options.timeoutMs ?? sourceDefaults.timeoutMs;
    this.#http = createHttpClient({
      timeoutMs,
      maxBodyBytes: options.maxBodyBytes ?? 1_048_576,
      clock,
      findProxy,
    });
    this.#serverTime = new ServerTime(timer);
    this.host = baseUrls.map((url) => new URL(url).host).join(' or ');
    this.#client = createWechatClient({
      http: this.#http,
      baseUrls,
      rateLimiter: createRateLimiter(options.ratePerSecond ?? sourceDefaults.ratePerSecond, timer),
      retry: options.retry ?? defaultRetryPolicy,
      timeoutMs,
      timer,
      clock,
      serverTime: this.#serverTime,
      redact: redactor.redact,
      random: options.random ?? Math.random,
    });
    this.#shared = new SharedWork({ redactor, totalTimeoutMs, timer, clock });
    this.#platform = options.platform === undefined ? null : this.#createPlatform(options.platform);
    this.#tokens = new AccountTokens({ client: this.#client, timer, clock }, this.#platform?.tokens ?? null);
    this.#asking = { client: this.#client, tokens: this.#tokens, timer };
  }

  #createPlatform(options: PlatformOptions) {
    const common = { client: this.#client, shared: this.#shared, timer: this.#timer, clock: this.#clock };
    const onSecret = (secret: string) => void this.#redactor.register(secret);
    const component = new ComponentToken({ ...options, ...common, onSecret });
    return { tokens: new AuthorizerToken({ ...common, component, store: options.store }), options };
  }

  async fetchScenes(account: SourceAccount, signal: AbortSignal): Promise<FetchResult> {
    const { appId } = account;
    return this.#withCall(appId, signal, async (call): Promise<FetchResult> => {
      const outcome = await askWithToken(account, sceneListRequest, call, this.#asking);
      if (outcome.kind === 'failure') return this.#failed(appId, outcome.failure);
      if (this.#redactor.holdsSecret(outcome.body)) {
        return this.#failed(appId, callFailure({ ...SECRET_IN_ANSWER, observedAt: outcome.receivedAt }));
      }
      return { kind: 'answer', appId, observedAt: outcome.receivedAt, body: outcome.body };
    });
  }

  async explainRid(account: SourceAccount, rid: string, signal: AbortSignal): Promise<RidExplanation | FetchFailure> {
    const safe = (text: string) => this.#redactor.redact(maskMembers(text));
    return this.#diagnose(account, ridRequest(rid), (value) => readExplanation(value, safe), signal);
  }

  async quotaOf(account: SourceAccount, path: string, signal: AbortSignal): Promise<Quota | FetchFailure> {
    return this.#diagnose(account, quotaRequest(path), readQuota, signal);
  }

  async #diagnose<T>(
    account: SourceAccount,
    request: AccountRequest,
    read: (value: unknown) => T | null,
    signal: AbortSignal,
  ): Promise<T | FetchFailure> {
    const { appId } = account;
    return this.#withCall(appId, signal, async (call) => {
      const outcome = await askWithToken(account, request, call, this.#asking);
      if (outcome.kind === 'failure') return this.#failed(appId, outcome.failure);
      const message = `the answer of ${request.path} is not what WeChat documents`;
      const failure = { code: 'malformed_response', message, remedy: CHECK_BASE_URL, observedAt: outcome.receivedAt };
      return read(outcome.value) ?? this.#failed(appId, callFailure(failure));
    });
  }

  async replaceToken(account: AccountWith<AppSecretCredentials>, signal: AbortSignal): Promise<FetchFailure | null> {
    const { appId } = account;
    return this.#withCall(appId, signal, async (call) => {
      const outcome = await this.#tokens.replace(account, call);
      return outcome.kind === 'failure' ? this.#failed(appId, outcome.failure) : null;
    });
  }

  async listAuthorizers(signal: AbortSignal): Promise<AuthorizerList | FetchFailure> {
    if (this.#platform === null) throw new TypeError('the source has no platform');
    const { tokens, options } = this.#platform;
    const list = await abortable(tokens.list(), signal);
    return list.kind === 'failure' ? this.#failed(options.componentAppId, list.failure) : list;
  }

  /** Work for one account within its time. The secrets that it tells are redacted until it ends. */
  async #withCall<T>(
    appId: string,
    signal: AbortSignal,
    work: (call: TokenCall) => Promise<T>,
  ): Promise<T | FetchFailure> {
    using secrets = new DisposableStack();
    const onSecret = (secret: string) => void secrets.use(this.#redactor.register(secret));
    try {
      const limited = (_signal: AbortSignal, limit: TimeLimit) => work({ limit, onSecret });
      return await withTimeLimit(signal, this.#totalTimeoutMs, limited, this.#timer);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TimeLimitReached)) throw error;
      return this.#failed(appId, outOfTime(error.limitMs, this.#clock.now()));
    }
  }

  latestTime(): Micros | null {
    return this.#serverTime.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shared[Symbol.asyncDispose]();
    await this.#platform?.options.store[Symbol.asyncDispose]();
    await this.#http[Symbol.asyncDispose]();
  }

  #failed(appId: string, failure: CallFailure): FetchFailure {
    const { redact } = this.#redactor;
    const remedy = failure.remedy === null ? null : redact(failure.remedy);
    return { kind: 'failure', appId, ...failure, message: redact(failure.message), remedy };
  }
}

function baseUrlsOf({ baseUrl = sourceDefaults.baseUrl, fallbackBaseUrls }: WechatSourceOptions): readonly string[] {
  const first = parseBaseUrl(baseUrl);
  const fallbacks =
    fallbackBaseUrls ?? (first.origin === sourceDefaults.baseUrl ? [sourceDefaults.fallbackBaseUrl] : []);
  return [first, ...fallbacks.map(parseBaseUrl)].map((url) => url.href);
}

function parseBaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  ) {
    throw new ScenedimError(
      'config_invalid',
      'source.baseUrl is not an http or https URL without user, query and fragment',
      {
        remedy: `leave it out for ${sourceDefaults.baseUrl}`,
      },
    );
  }
  return url;
}
