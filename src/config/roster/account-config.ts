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

/** One account as the config or a list of accounts has it. Without a credential of its own it takes that of `source`. */
export type AccountConfig = { readonly appId: string } & (CredentialReference | NoCredential);

interface NoCredential {
  readonly accessToken?: undefined;
  readonly appSecret?: undefined;
}

/** The credential of `source`, which accounts without one of their own take; null when it has none. */
export function sharedCredential(source: {
  readonly accessToken?: SecretReference | undefined;
  readonly appSecret?: SecretReference | undefined;
}): CredentialReference | null {
  if (source.accessToken !== undefined) return { accessToken: source.accessToken };
  return source.appSecret === undefined ? null : { appSecret: source.appSecret };
}
