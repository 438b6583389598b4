/** What a client is told on its stdin, and what it prints. The clients are processes that nothing of ours runs in. */

export interface ScenesTask {
  readonly what: 'scenes';
  readonly url: string;
  readonly appId: string;
  readonly appSecret: string;
  /** Which endpoint gives the token; only WxJava has the choice. */
  readonly tokens: 'token' | 'stable_token';
}

export interface PlatformTask {
  readonly what: 'platform';
  readonly url: string;
  readonly componentAppId: string;
  readonly componentAppSecret: string;
  readonly verifyTicket: string;
}

export interface ReadScenes {
  readonly token: string;
  readonly scenes: readonly { readonly name: string; readonly value: string | number }[];
}

/** The client's own exception. */
export interface Refusal {
  readonly exception: string;
  readonly code: number;
  readonly message: string;
}

export interface ReadPlatform {
  /** `total_count` of the roster. */
  readonly total: number;
  readonly accounts: readonly (ReadScenes & {
    readonly appId: string;
    /** The refresh token of the roster. */
    readonly listed: string;
    /** The one that came with the access token. */
    readonly refreshed: string;
  })[];
  /** After a refresh token that nobody has. */
  readonly refused: Refusal;
}
