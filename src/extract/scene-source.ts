import type { Micros } from '../instant.ts';

/**
 * Which class of `errorCatalogue` an error belongs to; the class decides retries and the exit code.
 * `unavailable`: WeChat says that the account has no list to give, so the report counts it as skipped.
 */
export const errorClasses = ['transient', 'token', 'quota', 'unavailable', 'configuration', 'bug', 'unknown'] as const;
export type ErrorClass = (typeof errorClasses)[number];

/**
 * Reads a secret anew at every call, so that a rotated one is noticed. Rejects with a `ScenedimError` when it is not there.
 */
export type SecretReader = (signal: AbortSignal) => Promise<string>;

/** An access token that another program maintains. */
export interface GivenTokenCredentials {
  readonly accessToken: SecretReader;
}

/** The app secret that a token is asked for with. */
export interface AppSecretCredentials {
  readonly appSecret: SecretReader;
  /**
   * True: asks `GET /cgi-bin/token`, which ends the token that production uses. Default:
   * `stable_token`, which does not.
   */
  readonly legacyToken?: boolean;
}

/** Of an authorizer of the source's third-party platform: the platform asks for its token. */
export interface PlatformCredentials {
  readonly platform: true;
}

export type AccountCredentials = GivenTokenCredentials | AppSecretCredentials | PlatformCredentials;

/** The credentials of the third-party platform itself. */
export type ComponentCredentials =
  /** Its token, which the platform maintains. */
  | { readonly accessToken: SecretReader }
  /**
   * What a token is minted with, which ends the one that the platform has. WeChat pushes a ticket
   * every 10 minutes.
   */
  | { readonly appSecret: SecretReader; readonly verifyTicket: SecretReader };

/**
 * Whose credentials a request carries: the account's own secret, a token from elsewhere, or the
 * third-party platform's.
 */
export const credentialKinds = ['appSecret', 'accessToken', 'platform'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** An account whose scene list is to be fetched. */
export interface SourceAccount {
  readonly appId: string;
  /** Absent for a source that needs none. */
  readonly credentials?: AccountCredentials;
}

/** The API answered with a body that may be a scene list; classified by its content later. */
export interface FetchedAnswer {
  readonly kind: 'answer';
  readonly appId: string;
  /** When the answer arrived, by our clock. */
  readonly observedAt: Micros;
  readonly body: Uint8Array;
}

/** The code of a failure whose token or secret could not even be read: nothing was asked. */
export const CREDENTIALS_UNUSABLE = 'credentials_unusable';

/** The code of a failure whose token or secret was asked of a program or host that did not answer. */
export const CREDENTIALS_UNREACHABLE = 'credentials_unreachable';

/** The code of an account whose IP whitelist lacks this machine. */
export const IP_NOT_LISTED = '40164';

/**
 * The code of an authorizer of which neither the store nor WeChat's list has a refresh token: no
 * request was made.
 */
export const NO_REFRESH_TOKEN = 'no_refresh_token';

/** No usable answer, after all retries. All texts are redacted. */
export interface FetchFailure {
  readonly kind: 'failure';
  readonly appId: string;
  readonly observedAt: Micros;
  readonly errorClass: ErrorClass;
  /** WeChat's errcode as text, or our own: `network`, `timeout`, `http_502`, `invalid_json`, `response_too_large`, `clock_skew`, … */
  readonly code: string;
  readonly message: string;
  readonly remedy: string | null;
  /** True when the failure is about this account alone; false when it stops the run (IP of the platform). */
  readonly accountOnly: boolean;
  /** True when the account's own credentials were refused. */
  readonly credentialsRefused: boolean;
  /** True when nothing answered (connect, DNS, time-out, 5xx). */
  readonly unreachable: boolean;
  /** True when nothing may be stored about it (clock skew). */
  readonly doNotRecord: boolean;
  /** True when an outage cut its repetitions short. Default false. */
  readonly cutShort?: boolean;
  /**
   * True when no request was made, because a quota that the account shares with others is used up.
   * Default false.
   */
  readonly unasked?: boolean;
}

export type FetchResult = FetchedAnswer | FetchFailure;

/**
 * True when the credential cannot be read here, or the IP whitelist lacks this machine: WeChat
 * refused no credential.
 */
export function isMisconfigured({ code }: FetchFailure): boolean {
  return code === CREDENTIALS_UNUSABLE || code === IP_NOT_LISTED;
}

/**
 * Where scene lists come from. Retries, tokens, rate limit and redaction are its business. Rejects
 * only with the reason of the signal, and when refresh tokens cannot be read or cannot be stored,
 * which ends a run.
 */
export interface SceneSource extends AsyncDisposable {
  /** The host that it asks, or its hosts joined with "or", for messages. */
  readonly host?: string;
  fetchScenes(account: SourceAccount, signal: AbortSignal): Promise<FetchResult>;
  /** What time it is by the newest answer; null while none told it. Left out by a source that tells no time. */
  latestTime?(): Micros | null;
}

/** What becomes of an answer that holds a token or a secret. */
export const SECRET_IN_ANSWER = {
  code: 'secret_in_answer',
  message: 'the answer holds the token or the secret of an account, so it is not stored',
  remedy: 'check what source.baseUrl points at: WeChat does not answer so',
} as const;
