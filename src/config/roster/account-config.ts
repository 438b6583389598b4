import type { SecretReference } from '../secret/secret-reference.ts';

/** Where the credential of an account is kept; it has one of the two. */
export type CredentialReference =
  | { readonly accessToken: SecretReference; readonly appSecret?: undefined }
  | {
      readonly appSecret: SecretReference;
      readonly accessToken?: undefined;
      /** True: the token comes from `/cgi-bin/token`, and production's ends. Default: from `stable_token`. */
      readonly legacyToken?: boolean;
    };

/** The account has authorised `source.platform`. */
export interface PlatformReference {
  readonly platform: true;
  readonly accessToken?: undefined;
  readonly appSecret?: undefined;
}

/** `source.platform`. */
export type PlatformConfig = {
  readonly componentAppId: string;
  readonly tokenStore: { readonly file: string } | { readonly target: true };
} & (
  | { readonly componentAccessToken: SecretReference; readonly mint?: undefined }
  | {
      readonly mint: { readonly componentAppSecret: SecretReference; readonly verifyTicket: SecretReference };
      readonly componentAccessToken?: undefined;
    }
);

/** One account as the config or a list of accounts has it. Without a credential of its own it takes that of `source`. */
export type AccountConfig = { readonly appId: string } & (CredentialReference | NoCredential);

interface NoCredential {
  readonly accessToken?: undefined;
  readonly appSecret?: undefined;
}

/**
 * What accounts without a credential of their own take: that of the platform, or of `source`; null
 * when there is none.
 */
export function sharedCredential(source: {
  readonly platform?: PlatformConfig | undefined;
  readonly accessToken?: SecretReference | undefined;
  readonly appSecret?: SecretReference | undefined;
}): CredentialReference | PlatformReference | null {
  if (source.platform !== undefined) return { platform: true };
  if (source.accessToken !== undefined) return { accessToken: source.accessToken };
  return source.appSecret === undefined ? null : { appSecret: source.appSecret };
}
