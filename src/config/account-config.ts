import type { SecretReference } from './secret.ts';

/** One account as the config or an accounts file lists it, with where its only credential is kept. */
export type AccountConfig = { readonly appId: string } & (
  | { readonly accessToken: SecretReference; readonly appSecret?: undefined }
  | { readonly appSecret: SecretReference; readonly accessToken?: undefined }
);
