import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions as TlsOptions } from 'node:tls';
import type pg from 'pg';
import { ScenedimError } from '../../errors.ts';
import { describeUnreadable, readTextSync } from '../../text-file.ts';
import type { TargetNames } from '../postgres-sql/classify-sql-error.ts';
import { libpqSettings } from './libpq-settings.ts';
import { readMountedPassword } from './mounted-password.ts';
import { readPassword } from './password-file.ts';
import type { PostgresConfig } from './postgres-config.ts';
import type { PostgresConnection } from './postgres-connection.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_AFTER_MS = 10_000;
const DEFAULT_PORT = 5_432;

/** How connections to the target are made, and what it is called for people. */
export interface ConnectionOptions {
  /** One for each host and each way to connect, in the order in which they are tried. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  readonly names: TargetNames;
  /** Host, port, database and schema, without user and password. */
  readonly description: string;
}

/** One way to connect. */
export interface Candidate {
  /** Host and port. */
  readonly place: string;
  readonly client: pg.ClientConfig;
  /** True for the second way to connect to the same host. */
  readonly isFallback: boolean;
  /** Why a server that answers is not the one that `target_session_attrs` asks for. */
  refuse(connection: Pick<PostgresConnection, 'isReadOnly' | 'isStandby'>): ScenedimError | undefined;
}

type Settings = ReadonlyMap<string, string>;

/**
 * Works out where the config and the environment lead, without connecting; files that they name are read, that of the password
 * for each connection anew. `onSecret` is told the password, wherever it is from, before it is used.
 */
export function connectionOptions(
  config: PostgresConfig,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  onSecret: (secret: string) => void = () => {},
): ConnectionOptions {
  const settings = libpqSettings(config.url, environment);
  const [user = '', database = ''] = [settings.get('user'), settings.get('dbname')];
  const refuse = sessionRule(settings.get('target_session_attrs') ?? 'any');
  const places = placesOf(settings);
  const candidates = places.flatMap(({ host, address, port }) => {
    const key = { host, port, database, user };
    const common: pg.ClientConfig = {
      ...sessionSettings(settings),
      ...(config.applicationName !== undefined && { application_name: config.applicationName }),
      host: address,
      port,
      user,
      database,
      password: async () => {
        const password =
          config.passwordFile === undefined
            ? (settings.get('password') ?? readPassword(key, settings.get('passfile'), environment) ?? '')
            : await readMountedPassword(config.passwordFile);
        onSecret(password);
        return password;
      },
    };
    return tlsModes(settings, host).map((ssl, index): Candidate => {
      return { place: `${host}:${port}`, client: { ...common, ssl }, isFallback: index > 0, refuse };
    });
  });
  const [first, ...others] = candidates;
  if (first === undefined) throw new ScenedimError('config_invalid', 'target.url: no host');
  const names = { schema: config.schema, database, user };
  const where = places.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    candidates: [first, ...others],
    names,
    description: `postgres ${where}/${database}, schema ${config.schema}`,
  };
}

function placesOf(settings: Settings): { host: string; address: string; port: number }[] {
  const list = (name: string) => settings.get(name)?.split(',') ?? [];
  const [hosts, addresses, ports] = [list('host'), list('hostaddr'), list('port')];
  const count = Math.max(hosts.length, addresses.length);
  if (addresses.length > 0 && hosts.length > 0 && addresses.length !== hosts.length) {
    throw invalid('host and hostaddr are lists of different lengths', 'name one address a host');
  }
  if (ports.length > 1 && ports.length !== count) {
    throw invalid('there are more or fewer ports than hosts', 'name one port, or one a host');
  }
  return Array.from({ length: count }, (_, index) => {
    const host = hosts[index] || addresses[index] || 'localhost';
    if (/[@#?\s]|:\/\//.test(host)) {
      throw invalid(
        'a URL stands where a host should',
        'write a whole URL into target.url, and only names into PGHOST',
      );
    }
    const text = (ports.length === 1 ? ports[0] : ports[index]) || String(DEFAULT_PORT);
    const port = /^\d+$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535) throw invalid(`"${text}" is not a port`, 'use a number from 1 to 65535');
    return { host, address: addresses[index] || host, port };
  });
}

function sessionSettings(settings: Settings): pg.ClientConfig {
  const text = (name: string) => settings.get(name);
  const timeouts = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const;
  const own = timeouts.flatMap((name) => (settings.has(name) ? [[name, text(name)]] : []));
  const seconds = Number(text('connect_timeout'));
  const idle = Number(text('keepalives_idle'));
  return {
    ...Object.fromEntries(own),
    ...(settings.has('options') && { options: text('options') }),
    ...(settings.has('application_name') && { application_name: text('application_name') }),
    ...(settings.has('sslnegotiation') && { sslnegotiation: negotiation(text('sslnegotiation')) }),
    fallback_application_name: text('fallback_application_name') ?? 'scenedim',
    connectionTimeoutMillis: Number.isInteger(seconds) && seconds > 0 ? seconds * 1_000 : CONNECT_TIMEOUT_MS,
    keepAlive: text('keepalives') !== '0',
    keepAliveInitialDelayMillis: idle > 0 ? idle * 1_000 : KEEPALIVE_AFTER_MS,
  };
}

function negotiation(value: string | undefined): 'postgres' | 'direct' {
  if (value === 'postgres' || value === 'direct') return value;
  throw invalid(`sslnegotiation "${value}" is not known`, 'use postgres or direct');
}

/**
 * The ways to connect that `sslmode` allows, in order. `prefer` and `allow` are those of libpq. `require` and `verify-ca`
 * check all that `verify-full` does, unless `uselibpqcompat=true` asks for less.
 */
function tlsModes(settings: Settings, host: string): readonly (false | TlsOptions)[] {
  const mode = settings.get('sslmode') ?? modeOfSsl(settings);
  if (mode === 'disable' || host.startsWith('/')) return [false];
  const root = settings.get('sslrootcert');
  const tls: TlsOptions = {
    ...(isIP(host) === 0 && { servername: host }),
    ...(root !== undefined && root !== 'system' && { ca: readFile(root) }),
    ...(settings.has('sslcert') && { cert: readFile(settings.get('sslcert') ?? '') }),
    ...(settings.has('sslkey') && { key: readFile(settings.get('sslkey') ?? '') }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  };
  const anyServer = { ...tls, rejectUnauthorized: false };
  const anyName = { ...tls, checkServerIdentity: () => undefined };
  const isCompatible = settings.get('uselibpqcompat') === 'true';
  switch (mode) {
    case 'no-verify':
      return [anyServer];
    case 'prefer':
      return [anyServer, false];
    case 'allow':
      return [false, anyServer];
    case 'require':
      if (isCompatible) return [root === undefined ? anyServer : anyName];
      return [tls];
    case 'verify-ca':
      if (isCompatible && root === undefined)
        throw invalid('sslmode=verify-ca needs sslrootcert', 'name the file of the CA in sslrootcert');
      return [isCompatible ? anyName : tls];
    case 'verify-full':
      return [tls];
    default:
      throw invalid(`sslmode "${mode}" is not known`, 'use disable, allow, prefer, require, verify-ca or verify-full');
  }
}

function modeOfSsl(settings: Settings): string {
  const ssl = settings.get('ssl');
  if (ssl === 'true' || ssl === '1') return 'require';
  if (ssl === 'no-verify') return ssl;
  if (ssl !== undefined && ssl !== 'false' && ssl !== '0') throw invalid(`ssl "${ssl}" is not known`, 'use sslmode');
  const hasFiles = ['sslrootcert', 'sslcert', 'sslkey'].some((name) => settings.has(name));
  return hasFiles || settings.get('sslnegotiation') === 'direct' ? 'verify-full' : 'disable';
}

function readFile(path: string): string {
  try {
    return readTextSync(path);
  } catch (error) {
    const own = 'correct sslrootcert, sslcert or sslkey in target.url, or make the file readable';
    const { why, remedy } = describeUnreadable(error, own);
    throw invalid(`the file ${path} ${why}`, remedy);
  }
}

function sessionRule(wanted: string): Candidate['refuse'] {
  const fits: Readonly<Record<string, (server: Parameters<Candidate['refuse']>[0]) => boolean>> = {
    any: () => true,
    'read-write': ({ isReadOnly }) => !isReadOnly,
    'read-only': ({ isReadOnly }) => isReadOnly,
    primary: ({ isStandby }) => !isStandby,
    standby: ({ isStandby }) => isStandby,
  };
  const rule = Object.hasOwn(fits, wanted) ? fits[wanted] : undefined;
  if (rule === undefined) {
    throw invalid(`target_session_attrs "${wanted}" is not supported`, `use ${Object.keys(fits).join(', ')}`);
  }
  return (server) =>
    rule(server)
      ? undefined
      : new ScenedimError('target_invalid', `no server is what target_session_attrs=${wanted} asks for`, {
          remedy: 'name another host in target.url, or ask for any',
        });
}

function invalid(message: string, remedy: string): ScenedimError {
  return new ScenedimError('config_invalid', `target.url: ${message}`, { remedy });
}
