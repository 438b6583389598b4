import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { didYouMean } from '../../did-you-mean.ts';
import { ScenedimError } from '../../errors.ts';
import { readService, splitAtFirst } from './service-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that stands for a parameter which the url does not name; null for those that have none. */
const parameters: Readonly<Record<string, string | null>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  fallback_application_name: null,
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslnegotiation: 'PGSSLNEGOTIATION',
  keepalives: null,
  keepalives_idle: null,
  service: 'PGSERVICE',
  // Of pg and of JDBC, not of libpq.
  ssl: null,
  uselibpqcompat: null,
  statement_timeout: null,
  lock_timeout: null,
  idle_in_transaction_session_timeout: null,
};

/** Parameters of libpq that are not supported, with the values that ask for nothing. */
const harmless: Readonly<Record<string, { readonly variable: string | null; readonly values: RegExp }>> = {
  channel_binding: { variable: 'PGCHANNELBINDING', values: /^(disable|prefer)$/ },
  client_encoding: { variable: null, values: /^(auto|utf-?8)$/i },
  gssencmode: { variable: 'PGGSSENCMODE', values: /^(disable|prefer)$/ },
  gssdelegation: { variable: 'PGGSSDELEGATION', values: /^0$/ },
  krbsrvname: { variable: 'PGKRBSRVNAME', values: /^postgres$/ },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', values: /^disable$/ },
  replication: { variable: null, values: /^(false|off|no|0)$/ },
  requirepeer: { variable: 'PGREQUIREPEER', values: /^$/ },
  require_auth: { variable: 'PGREQUIREAUTH', values: /^$/ },
  requiressl: { variable: 'PGREQUIRESSL', values: /^0$/ },
  sslcertmode: { variable: 'PGSSLCERTMODE', values: /^allow$/ },
  sslcompression: { variable: 'PGSSLCOMPRESSION', values: /^0$/ },
  sslcrl: { variable: 'PGSSLCRL', values: /^$/ },
  sslcrldir: { variable: 'PGSSLCRLDIR', values: /^$/ },
  sslpassword: { variable: null, values: /^$/ },
  sslsni: { variable: 'PGSSLSNI', values: /^1$/ },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', values: /^(TLSv1(\.[12])?)?$/ },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION', values: /^(TLSv1\.3)?$/ },
  keepalives_interval: { variable: null, values: /^$/ },
  keepalives_count: { variable: null, values: /^$/ },
  tcp_user_timeout: { variable: null, values: /^0$/ },
};

const shape = 'write target.url like postgres://user@host:5432/database';

/**
 * What libpq would make of a url and the environment: the url wins over a service, a service over the PG* variables. What
 * is not supported is refused by name, because another database may be meant.
 */
export function libpqSettings(url: string | undefined, environment: Environment): ReadonlyMap<string, string> {
  const settings = new Map(url === undefined ? [] : checked(parseUrl(url), 'target.url'));
  const service = settings.get('service') ?? (environment['PGSERVICE'] || undefined);
  if (service !== undefined) {
    for (const [name, value] of checked(readService(service, environment), `service "${service}"`)) {
      if (!settings.has(name)) settings.set(name, value);
    }
  }
  for (const [name, variable] of Object.entries(parameters)) {
    const value = variable === null ? undefined : environment[variable];
    if (value !== undefined && value !== '' && !settings.has(name)) settings.set(name, value);
  }
  for (const [name, { variable, values }] of Object.entries(harmless)) {
    const value = variable === null ? undefined : environment[variable];
    if (value !== undefined && value !== '' && !values.test(value)) throw unsupported(variable ?? name, 'environment');
  }
  if (settings.get('dbname')?.includes('://')) throw unreadable();
  if (!settings.has('user')) settings.set('user', systemUser());
  if (!settings.has('dbname')) settings.set('dbname', settings.get('user') ?? '');
  if (!settings.has('host') && !settings.has('hostaddr')) settings.set('host', defaultHost(settings.get('port')));
  return settings;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    const message = 'target.url names no user, and the one of this process has no name, as in a container';
    throw new ScenedimError('config_invalid', message, { remedy: shape, cause });
  }
}

/** The folder of a server's socket where distributions put it, else `localhost`. */
function defaultHost(port = '5432'): string {
  const folders = ['/var/run/postgresql', '/tmp'];
  return folders.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost';
}

/** Leaves out what is empty and what asks for nothing; refuses the rest that is not known. */
function* checked(given: Iterable<readonly [string, string]>, where: string): Generator<readonly [string, string]> {
  for (const [name, value] of given) {
    if (Object.hasOwn(parameters, name)) {
      if (value !== '') yield [name, value];
    } else if (!harmless[name]?.values.test(value)) {
      throw unsupported(name, where);
    }
  }
}

function unsupported(name: string, where: string): ScenedimError {
  const known = Object.hasOwn(harmless, name) || name.startsWith('PG');
  const near = known ? undefined : didYouMean(name, [...Object.keys(parameters), ...Object.keys(harmless)]);
  const message = `${where}: ${name} is ${known ? 'not supported with this value' : 'not a parameter'}`;
  const names = Object.keys(parameters).join(', ');
  return new ScenedimError('config_invalid', message, {
    remedy: near === undefined ? `take it away; supported are ${names}` : `did you mean ${near}?`,
  });
}

const pattern = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/s;

/** The parts of a url as libpq understands them; several hosts are lists with commas. */
function parseUrl(url: string): Map<string, string> {
  if (url.startsWith('/')) {
    const [host = '', dbname = ''] = url.split(' ');
    return new Map([
      ['host', host],
      ['dbname', dbname],
    ]);
  }
  const socket = /^socket:(?:\/\/(?:([^@/]*)@)?)?(\/[^?]*)(?:\?(.*))?$/s.exec(url);
  const match = socket === null ? pattern.exec(url) : null;
  if (socket === null && match === null) throw unreadable();
  const [, userInfoText = '', hosts = '', dbname = '', query = ''] = match ?? [
    '',
    socket?.[1] ?? '',
    '',
    '',
    socket?.[3] ?? '',
  ];
  const settings = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [name = '', value] = splitAtFirst('=', part);
    settings.set(alias(decode(name)), decode(value ?? ''));
  }
  const set = (name: string, value: string) => {
    if (value !== '' && !settings.has(name)) settings.set(name, value);
  };
  const [user, password = ''] = splitAtFirst(':', userInfoText);
  set('user', decode(user));
  set('password', decode(password));
  if (socket !== null) set('host', decode(socket[2] ?? ''));
  set('dbname', decode(dbname));
  const places = hosts === '' ? [] : hosts.split(',').map(parseHost);
  set('host', places.some(({ host }) => host !== '') ? places.map(({ host }) => host).join(',') : '');
  set('port', places.some(({ port }) => port !== '') ? places.map(({ port }) => port).join(',') : '');
  return settings;
}

/** Names that pg and its `socket:` urls have for a parameter of libpq. */
function alias(name: string): string {
  if (name === 'db' || name === 'database') return 'dbname';
  return name === 'encoding' ? 'client_encoding' : name;
}

function parseHost(text: string): { readonly host: string; readonly port: string } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*))(?::(\d*))?$/.exec(text);
  if (match === null) throw unreadable();
  return { host: decode(match[1] ?? match[2] ?? ''), port: match[3] ?? '' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable();
  }
}

/** Shows nothing of the url: a part of its password may stand where a host should. */
function unreadable(): ScenedimError {
  return new ScenedimError('config_invalid', 'target.url: it cannot be read as a URL', {
    remedy: `${shape}; percent-encode what is special in user and password: %40 for @, %3A for :, %2F for /, %23 for #, %25 for %`,
  });
}
