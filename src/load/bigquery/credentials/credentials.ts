import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AuthClient } from 'google-auth-library';
import { ScenedimError } from '../../../errors.ts';
import { homeFolder } from '../../../process/home-folder.ts';
import type { BigQueryConfig } from '../bigquery-config.ts';
import { type CredentialsOrigin, credentialsFailure, impersonationFailure } from './credentials-failure.ts';
import { type Key, type KeyFile, readKeyFile } from './key-file.ts';
import { fetchMachineToken, findMachineAccount } from './metadata-server.ts';

type Library = typeof import('google-auth-library');
type Environment = Readonly<Record<string, string | undefined>>;

/** The account that requests are signed for. */
export interface GoogleCredentials {
  /** Signs requests, and gets a new token when the old one ends. */
  readonly client: AuthClient;
  /** The principal that rights are granted to, as in `serviceAccount:EMAIL`; null when it is not known. */
  readonly member: string | null;
  /** Makes sure that there is a token; the error says why there is none. */
  authorize(): Promise<void>;
}

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Finds credentials as Google's own tools do: the key file of the config, else GOOGLE_APPLICATION_CREDENTIALS, else the file of
 * `gcloud auth application-default login`, else the account of the machine. With `impersonate` they are exchanged for those of the
 * other account. Google's finder is not used: it quotes key files in errors, warns on standard error, and asks the machine's own
 * metadata server through the proxy.
 */
export async function findCredentials(
  { keyFile, impersonate }: Pick<BigQueryConfig, 'keyFile' | 'impersonate'>,
  environment: Environment,
): Promise<GoogleCredentials> {
  const library = await import('google-auth-library');
  const file = keyFileOf(keyFile, environment);
  const source = file === null ? await ofMachine(library, environment) : ofKey(library, await readKeyFile(file));
  return impersonate === undefined ? source : asOther(library, source, impersonate);
}

/** For an emulator, which asks for none. */
export async function noCredentials(): Promise<GoogleCredentials> {
  const { PassThroughClient } = await import('google-auth-library');
  return { client: new PassThroughClient(), member: null, authorize: async () => {} };
}

function keyFileOf(keyFile: string | undefined, environment: Environment): KeyFile | null {
  if (keyFile !== undefined) return { path: keyFile, setting: 'target.keyFile' };
  const named = environment['GOOGLE_APPLICATION_CREDENTIALS'];
  if (named) return { path: resolve(named), setting: 'GOOGLE_APPLICATION_CREDENTIALS' };
  const folder = gcloudFolder(environment);
  if (folder === undefined) return null;
  const path = join(folder, 'application_default_credentials.json');
  return existsSync(path) ? { path, setting: 'gcloud auth application-default login' } : null;
}

function gcloudFolder(environment: Environment): string | undefined {
  if (environment['CLOUDSDK_CONFIG']) return environment['CLOUDSDK_CONFIG'];
  const roaming = environment['APPDATA'];
  if (process.platform === 'win32' && roaming) return join(roaming, 'gcloud');
  const home = homeFolder(environment);
  return home === undefined ? undefined : join(home, '.config', 'gcloud');
}

function ofKey(library: Library, key: Key): GoogleCredentials {
  switch (key.type) {
    case 'service_account': {
      const client = new library.JWT({ scopes: [CLOUD_PLATFORM] });
      client.fromJSON(key);
      const member = `serviceAccount:${key.client_email}`;
      return credentials(client, member, { kind: 'service_account', description: `the key of ${key.client_email}` });
    }
    case 'authorized_user': {
      const client = new library.UserRefreshClient();
      client.fromJSON(key);
      return credentials(client, 'user:EMAIL', { kind: 'user', description: 'the login of the user' });
    }
    case 'external_account_authorized_user': {
      const client = new library.ExternalAccountAuthorizedUserClient(key);
      return credentials(client, null, { kind: 'user', description: 'the login of the user' });
    }
    case 'external_account': {
      const email = /([^/]+):generateAccessToken$/.exec(key.service_account_impersonation_url ?? '')?.[1];
      const member = email === undefined ? null : `serviceAccount:${email}`;
      return credentials(federated(library, key), member, {
        kind: 'federation',
        description: `the identity of the workload${email === undefined ? '' : ` as ${email}`}`,
      });
    }
    case 'impersonated_service_account': {
      const target = /([^/]+):generateAccessToken$/.exec(key.service_account_impersonation_url)?.[1] ?? '';
      return asOther(library, ofKey(library, key.source_credentials), target, key.delegates);
    }
  }
}

function federated(library: Library, key: Extract<Key, { readonly type: 'external_account' }>): AuthClient {
  const { AwsClient, IdentityPoolClient, PluggableAuthClient } = library;
  const options = { ...key, scopes: [CLOUD_PLATFORM] };
  // The options are the file as it is; each constructor reads the fields that it needs.
  if ('environment_id' in key.credential_source) return new AwsClient(options as never);
  if ('executable' in key.credential_source) return new PluggableAuthClient(options as never);
  return new IdentityPoolClient(options as never);
}

async function ofMachine({ OAuth2Client }: Library, environment: Environment): Promise<GoogleCredentials> {
  const account = await findMachineAccount(environment);
  if (account === null) {
    throw new ScenedimError('target_denied', 'there are no credentials for BigQuery', {
      remedy:
        'run gcloud auth application-default login, set target.keyFile or GOOGLE_APPLICATION_CREDENTIALS, ' +
        'or run on a machine or pod with a service account of Google Cloud',
    });
  }
  const client = new OAuth2Client();
  client.refreshHandler = () => fetchMachineToken(environment, CLOUD_PLATFORM);
  const { email } = account;
  return credentials(client, email === null ? null : `serviceAccount:${email}`, {
    kind: 'machine',
    description: `the machine's own account${email === null ? '' : ` ${email}`}`,
  });
}

/** Google's own client for impersonation warns on standard error each time that one is made. */
function asOther(
  { OAuth2Client }: Library,
  source: GoogleCredentials,
  target: string,
  delegates: readonly string[] = [],
): GoogleCredentials {
  const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${target}:generateAccessToken`;
  const client = new OAuth2Client();
  client.refreshHandler = async () => {
    await source.authorize();
    try {
      const { data } = await source.client.request<{ accessToken: string; expireTime: string }>({
        url,
        method: 'POST',
        data: { scope: [CLOUD_PLATFORM], lifetime: '3600s', delegates },
      });
      return { access_token: data.accessToken, expiry_date: Date.parse(data.expireTime) };
    } catch (error) {
      throw impersonationFailure(error, target, source.member);
    }
  };
  const origin: CredentialsOrigin = { kind: 'machine', description: target };
  return credentials(client, `serviceAccount:${target}`, origin);
}

function credentials(client: AuthClient, member: string | null, origin: CredentialsOrigin): GoogleCredentials {
  return {
    client,
    member,
    authorize: async () => {
      try {
        await client.getRequestHeaders();
      } catch (error) {
        throw credentialsFailure(error, origin);
      }
    },
  };
}
