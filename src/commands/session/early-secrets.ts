import type { Config } from '../../config/load-config.ts';
import type { Redactor } from '../../secrets/redact.ts';

/**
 * Keeps out of every text what can be known before a run begins: passwords in the URLs of the target and of proxies, and the
 * variables that hold credentials of accounts. Whatever else is secret is known when it is read.
 */
export function registerEarlySecrets(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  redactor: Redactor,
): void {
  const target = 'url' in config.target ? config.target.url : undefined;
  if (typeof target === 'string') registerPasswordOf(target, redactor);
  // Watchers are told that a run begins before its credentials are read.
  const variables = variablesOf(config.source).take(MAX_EARLY_SECRETS);
  for (const name of variables) redactor.register(environment[name] ?? '');
  const proxies = Object.keys(environment).filter((name) => /^https?_proxy$/i.test(name));
  for (const url of [config.source?.proxy, ...proxies.map((name) => environment[name])]) {
    if (url === undefined || !url.includes('@')) continue;
    redactor.register(url);
    registerPasswordOf(url.includes('://') ? url : `http://${url}`, redactor);
  }
}

/** Each secret costs time in every text. Those of further accounts are known while they are used. */
const MAX_EARLY_SECRETS = 100;

/** The names behind `env` in a section of the config. */
function* variablesOf(section: unknown): Generator<string> {
  if (typeof section !== 'object' || section === null) return;
  for (const [key, value] of Object.entries(section)) {
    if (key === 'env' && typeof value === 'string') yield value;
    else yield* variablesOf(value);
  }
}

/** Keeps the password in a URL out of every text. */
export function registerPasswordOf(url: string, redactor: Redactor): void {
  // Not parsed: a connection string may name several hosts.
  const passwords = [/^[\w+.-]+:\/\/[^/?#:@]*:([^/?#]*)@/.exec(url)?.[1], /[?&]password=([^&#]*)/.exec(url)?.[1]];
  for (const password of passwords) {
    if (password === undefined || password === '') continue;
    redactor.register(password);
    redactor.register(decoded(password));
  }
}

/** A `%` that encodes nothing is for the target to complain about. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
