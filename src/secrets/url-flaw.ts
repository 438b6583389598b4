/**
 * What is wrong with a URL of which a part of the password would be taken for something else, and so
 * be shown as the name of a host; undefined when nothing is. Never shows any of the URL.
 */
export function flawOfUrl(url: string): UrlFlaw | undefined {
  if (/[\p{Cc}\u2028\u2029]|%00/u.test(url)) {
    return { message: 'holds a control character', remedy: 'take it out; a line break often comes from a file' };
  }
  const rest = /^(?:[\w+.-]*:)?\/\/(.*)$/.exec(url)?.[1];
  return rest === undefined || isClear(rest) ? undefined : ambiguous;
}

export interface UrlFlaw {
  readonly message: string;
  readonly remedy: string;
}

const ambiguous: UrlFlaw = {
  message: 'cannot be read: a / ? # @ or : in it should be percent-encoded, as in a password',
  remedy: 'percent-encode the password: / is %2F, ? is %3F, # is %23, @ is %40, : is %3A, % is %25',
};

/** Parameters of a connection string whose values may hold an `@`. */
const MAY_HOLD_AT = /^(?:user|password|host|options|(?:fallback_)?application_name|ssl\w+|dbname|db|service|passfile)=/;

/** `rest` is what follows the `//`. */
function isClear(rest: string): boolean {
  if (rest.includes('#')) return false;
  const authority = /^[^/?]*/.exec(rest)?.[0] ?? '';
  const [path = '', ...query] = rest.slice(authority.length).split('?');
  const parameters = query.join('?').split('&');
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  if (path.includes('@') || hosts.some((host) => !/^(?:\[[^\]]*\]|[^:]*)(?::\d*)?$/.test(host))) return false;
  const isWithoutUser = at < 0 && authority.includes(':');
  return !parameters.some((it) => it.includes('@') && (isWithoutUser || !MAY_HOLD_AT.test(it)));
}
