/**
 * Google for a child process, over TLS and under its own host names: an HTTP CONNECT proxy on loopback leads every host of
 * googleapis.com to one TLS server, whose certificate a CA of ours has signed. Behind it are the places that give out tokens,
 * and the fake BigQuery, which only a good token reaches. The metadata server of a machine answers without a proxy.
 */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type FakeBigquery, type FakeBigqueryOptions, startFakeBigquery } from './fake-bigquery.ts';
import { account, secrets, TokenDesk, type TokenPlace } from './fake-google-tokens.ts';

const tlsFile = (name: string): string => new URL(`../fixtures/tls/test-only-${name}`, import.meta.url).pathname;

/** The key pair of the service account; making one takes a tenth of a second. */
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** Key files that the fake Google accepts. */
export const keyFiles = {
  serviceAccount: {
    type: 'service_account',
    project_id: 'test',
    private_key_id: secrets.keyId,
    private_key: privateKey,
    client_email: account,
    client_id: '100000000000000000001',
    token_uri: 'https://oauth2.googleapis.com/token',
  },
  authorizedUser: {
    type: 'authorized_user',
    client_id: '764086051850-test.apps.googleusercontent.com',
    client_secret: secrets.clientSecret,
    refresh_token: secrets.refreshToken,
  },
} as const;

/** A key file of workload identity federation, whose subject token is in a file. */
export function externalAccount(subjectTokenFile: string, impersonate?: string): object {
  return {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/k8s',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file: subjectTokenFile },
    ...(impersonate === undefined
      ? {}
      : {
          service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${impersonate}:generateAccessToken`,
        }),
  };
}

export interface FakeGoogle extends AsyncDisposable {
  readonly bigquery: FakeBigquery;
  readonly desk: TokenDesk;
  /** Hosts that the proxy was asked for, in order, each once. */
  readonly hosts: ReadonlySet<string>;
  /** The environment of a child process that finds this Google. No credentials are in it. */
  readonly env: Readonly<Record<string, string>>;
  /** The variable that says where a metadata server is. */
  readonly metadataEnv: Readonly<Record<string, string>>;
  /** All that must never be in an output. */
  secrets(): readonly string[];
  /** Is called before each request to BigQuery is looked at. */
  beforeRequest: (path: string) => void;
}

/** Starts everything on free ports of loopback. */
export async function startFakeGoogle(options: FakeBigqueryOptions = {}): Promise<FakeGoogle> {
  const bigquery = await startFakeBigquery(options);
  const desk = new TokenDesk(publicKey);
  const hosts = new Set<string>();
  const sockets = new Set<Socket>();

  const tokens = async (place: TokenPlace, message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { authorization } = message.headers;
    const [status, body] = desk.answer(place, { path: message.url ?? '', authorization, body: await text(message) });
    response.writeHead(status, { 'content-type': 'application/json', 'metadata-flavor': 'Google' });
    response.end(JSON.stringify(body));
  };
  const toBigquery = (message: IncomingMessage, response: ServerResponse): void => {
    fake.beforeRequest(message.url ?? '');
    if (!desk.isGood(message.headers.authorization)) {
      message.resume();
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(unauthorized));
      return;
    }
    const { method, headers } = message;
    const onwards = request(`${bigquery.apiEndpoint}${message.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onwards.on('error', () => response.destroy());
    message.pipe(onwards);
  };
  const tls = createTlsServer(
    { key: readFileSync(tlsFile('server.key')), cert: readFileSync(tlsFile('server.pem')) },
    (message, response) => {
      const host = (message.headers.host ?? '').replace(/\.googleapis\.com$/, '');
      if (host === 'bigquery') toBigquery(message, response);
      else if (host === 'oauth2' || host === 'sts' || host === 'iamcredentials') void tokens(host, message, response);
      else response.writeHead(404).end();
    },
  );
  const metadata = createHttpServer((message, response) => {
    if (message.headers['metadata-flavor'] !== 'Google') response.writeHead(403).end();
    else if (message.url?.endsWith('/email')) response.writeHead(200, { 'metadata-flavor': 'Google' }).end(account);
    else void tokens('metadata', message, response);
  });
  const proxy = createHttpServer((_message, response) => response.writeHead(405).end());
  const tlsPort = await listen(tls);
  proxy.on('connect', (message: IncomingMessage, client: Socket) => {
    hosts.add(message.url ?? '');
    if (!/^[a-z0-9]+\.googleapis\.com:443$/.test(message.url ?? '')) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = connect(tlsPort, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  const proxyPort = await listen(proxy);
  const metadataPort = await listen(metadata);
  const fake: FakeGoogle = {
    bigquery,
    desk,
    hosts,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
      NODE_EXTRA_CA_CERTS: tlsFile('ca.pem'),
      // There are no credentials of a machine, and whoever looks for some is told so at once.
      GCE_METADATA_HOST: `127.0.0.1:${tlsPort}`,
    },
    metadataEnv: { GCE_METADATA_HOST: `127.0.0.1:${metadataPort}` },
    secrets: () => [...Object.values(secrets), ...desk.issued, ...privateKey.split('\n').slice(1, -2)],
    beforeRequest: () => {},
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      for (const server of [tls, metadata, proxy]) {
        server.close();
        server.closeAllConnections();
      }
      await bigquery[Symbol.asyncDispose]();
    },
  };
  return fake;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return address.port;
}

const unauthorized = {
  error: {
    code: 401,
    message: 'Request had invalid authentication credentials. Expected OAuth 2 access token.',
    errors: [{ reason: 'authError', message: 'Invalid Credentials', domain: 'global', location: 'Authorization' }],
    status: 'UNAUTHENTICATED',
  },
};
