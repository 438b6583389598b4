import type { Clock, Timer } from '../../clock.ts';
import type { CallFailure, CallRefused } from '../call-outcome.ts';
import type { ComponentCredentials } from '../scene-source.ts';
import type { CallOutcome, WechatClient } from '../wechat-client.ts';
import { readIssuedToken, usableMs } from './issued-token.ts';
import { type Credential, readCredential } from './read-credential.ts';
import type { SharedWork } from './shared-work.ts';
import { SECOND_TRY_WAIT_MS, type TokenCall, type TokenOutcome } from './token-provider.ts';

/** A request of the platform itself. */
export interface ComponentRequest {
  readonly endpoint: 'authorizer_list' | 'authorizer_token';
  readonly path: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * The access token of a third-party platform, and the calls that are made with it. One token serves
 * all accounts. It is read, or minted, at the first call, when it has expired, and once for each
 * call whose token WeChat refuses.
 * https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/getComponentAccessToken.html
 */
export class ComponentToken {
  readonly #options: ComponentTokenOptions;
  #held: { readonly token: string; readonly since: number; readonly usableUntil: number } | null = null;
  #obtaining: Promise<TokenOutcome> | null = null;
  /** Calls in a row that ended with a refusal of the token. */
  #refusals = 0;

  constructor(options: ComponentTokenOptions) {
    this.#options = options;
  }

  get componentAppId(): string {
    return this.#options.componentAppId;
  }

  /** The failure of a call that is not made, because its quota is used up; null when it may be made. */
  quotaFailure(endpoint: ComponentRequest['endpoint']): CallRefused | null {
    return this.#options.client.quotaFailure({ endpoint, credentials: 'platform' });
  }

  /**
   * One call with the token. After a refusal one more: at once with a newer token, or after a wait
   * with the newest.
   */
  async call(request: ComponentRequest, call: TokenCall): Promise<CallOutcome> {
    const first = await this.#current(call);
    if (first.kind === 'failure') return first;
    const outcome = await this.#send(request, first.token, call);
    if (!isRefusal(outcome)) return this.#counted(outcome);
    let second = await this.#newerThan(first.token, call);
    if (second.kind === 'token' && second.token === first.token) {
      if (call.limit.leftMs() <= SECOND_TRY_WAIT_MS) return this.#counted(outcome);
      await this.#options.timer.sleep(SECOND_TRY_WAIT_MS, call.limit.signal);
      // The program that renews the token may need a moment to publish it.
      second = await this.#newerThan(first.token, call);
    }
    if (second.kind === 'failure') return second;
    return this.#counted(await this.#send(request, second.token, call));
  }

  #send({ endpoint, path, json }: ComponentRequest, token: string, { limit }: TokenCall): Promise<CallOutcome> {
    const query = { component_access_token: token };
    return this.#options.client.call({ method: 'POST', path, query, json, endpoint, credentials: 'platform' }, limit);
  }

  /**
   * A good token is refused now and then; one that is refused for {@link MAX_REFUSALS} calls in a
   * row fails all accounts.
   */
  #counted(outcome: CallOutcome): CallOutcome {
    if (!isRefusal(outcome)) {
      this.#refusals = 0;
      return outcome;
    }
    this.#refusals += 1;
    return this.#refusals < MAX_REFUSALS ? outcome : ofEveryAccount(outcome);
  }

  async #current(call: TokenCall): Promise<TokenOutcome> {
    const held = this.#held;
    if (held !== null && held.usableUntil > this.#options.timer.now()) return { kind: 'token', token: held.token };
    return this.#obtain(call);
  }

  async #newerThan(refused: string, call: TokenCall): Promise<TokenOutcome> {
    const held = this.#held;
    const isRenewed = held !== null && held.token !== refused;
    const isNew = held !== null && this.#isMinted && this.#options.timer.now() - held.since < MINT_PAUSE_MS;
    if (held !== null && (isRenewed || isNew)) return { kind: 'token', token: held.token };
    this.#held = null;
    return this.#obtain(call);
  }

  get #isMinted(): boolean {
    return 'appSecret' in this.#options.credentials;
  }

  #obtain(call: TokenCall): Promise<TokenOutcome> {
    const { shared, onSecret } = this.#options;
    this.#obtaining ??= shared
      .begin(({ limit }) => this.#read({ limit, onSecret }))
      .finally(() => {
        this.#obtaining = null;
      });
    return shared.waitFor(call, this.#obtaining);
  }

  async #read(call: TokenCall): Promise<TokenOutcome> {
    const { credentials } = this.#options;
    const outcome =
      'appSecret' in credentials ? await this.#mint(credentials, call) : await this.#given(credentials, call);
    return outcome.kind === 'failure' && !isPassing(outcome.failure) ? ofEveryAccount(outcome) : outcome;
  }

  async #given({ accessToken }: { readonly accessToken: Credential['read'] }, call: TokenCall): Promise<TokenOutcome> {
    const token = await this.#credential({ what: 'component access token', read: accessToken }, call);
    if (token.kind === 'failure') return token;
    return this.#hold(token.token, GIVEN_FOR_MS);
  }

  async #mint(credentials: Minting, call: TokenCall): Promise<TokenOutcome> {
    const { client, componentAppId: component_appid } = this.#options;
    const secret = await this.#credential({ what: 'app secret', read: credentials.appSecret }, call);
    if (secret.kind === 'failure') return secret;
    const ticket = await this.#credential({ what: 'verify ticket', read: credentials.verifyTicket }, call);
    if (ticket.kind === 'failure') return ticket;
    const json = { component_appid, component_appsecret: secret.token, component_verify_ticket: ticket.token };
    const path = '/cgi-bin/component/api_component_token';
    const asked = { method: 'POST', path, json, endpoint: 'component_token', credentials: 'platform' } as const;
    const outcome = await client.call(asked, call.limit);
    if (outcome.kind === 'failure') return outcome;
    const issued = readIssuedToken(outcome.value, 'component_access_token', outcome.receivedAt);
    if ('code' in issued) return { kind: 'failure', failure: issued };
    call.onSecret(issued.token);
    return this.#hold(issued.token, usableMs(issued));
  }

  #hold(token: string, forMs: number): TokenOutcome {
    const since = this.#options.timer.now();
    this.#held = { token, since, usableUntil: since + forMs };
    return { kind: 'token', token };
  }

  async #credential(credential: Omit<Credential, 'appId'>, call: TokenCall): Promise<TokenOutcome> {
    const { componentAppId: appId, clock } = this.#options;
    const outcome = await readCredential({ appId, ...credential }, call, clock);
    return outcome.kind === 'failure' ? outcome : { kind: 'token', token: outcome.text };
  }
}

type Minting = Extract<ComponentCredentials, { readonly appSecret: unknown }>;

export interface ComponentTokenOptions {
  readonly componentAppId: string;
  readonly credentials: ComponentCredentials;
  readonly client: WechatClient;
  readonly shared: SharedWork;
  /** Told the secrets of the platform, to be redacted as long as the source is open. */
  readonly onSecret: (secret: string) => void;
  readonly timer: Timer;
  readonly clock: Clock;
}

/** How long a token from elsewhere is used before it is read again, in milliseconds. */
const GIVEN_FOR_MS = 60_000;
/**
 * The shortest time between two minted tokens, in milliseconds, also when WeChat refuses the first:
 * each ends another.
 */
const MINT_PAUSE_MS = 300_000;
/** So many calls in a row whose token is refused end the run. */
const MAX_REFUSALS = 3;

function isRefusal(outcome: CallOutcome): outcome is CallRefused {
  return outcome.kind === 'failure' && outcome.failure.errorClass === 'token';
}

/** True for a fault that may be over when the next account asks for the token. */
function isPassing({ errorClass }: CallFailure): boolean {
  return errorClass === 'transient' || errorClass === 'quota';
}

/**
 * The same failure as one that stops the run: without the platform's token no account can be
 * fetched.
 */
function ofEveryAccount({ failure }: CallRefused): CallRefused {
  return { kind: 'failure', failure: { ...failure, accountOnly: false } };
}
