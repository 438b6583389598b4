/** Everything that can be made to go wrong, by name, with what it does. `errcode` answers any code of WeChat's. */
export const simulatorFaultMeanings = {
  errcode: 'answers the errcode given as `code`',
  system_busy: 'errcode -1: transient',
  system_busy_rid: 'errcode -1 without errmsg, the rid as a member of its own',
  rate_limited: 'errcode 45011: too many calls in this minute',
  token_invalid: 'errcode 40001: on stable_token a wrong secret',
  token_expired: 'errcode 42001',
  quota_exceeded: 'errcode 45009: the daily quota',
  unpublished: 'errcode 507010: an account that has no list',
  not_authorized: 'errcode 61003: the platform is not authorised',
  ip_not_whitelisted: 'errcode 40164 with an IP in its errmsg',
  secret_frozen: 'errcode 40243',
  bad_request: 'errcode 47001: a defect of the caller',
  unknown_code: 'errcode 99999, which no table lists',
  echo_secret: 'an errcode whose errmsg echoes token and secret in several spellings',
  http_400_json: 'HTTP 400 whose body is JSON with errcode 48001',
  html_502: 'HTTP 502 with an HTML page',
  html_504: 'HTTP 504 with an HTML page',
  not_found: 'HTTP 404 with an HTML page',
  redirect: 'HTTP 302 to another path',
  redirect_elsewhere: 'HTTP 302 to `/elsewhere` of another host (127.0.0.1 or localhost), with the query that was sent',
  not_json: 'HTTP 200 with an HTML page',
  empty_body: 'HTTP 200 without a body',
  cut_off: 'the first half of the JSON, as a whole answer',
  huge_body: 'a body of 2 MiB, streamed',
  largest_body: 'the right answer, with white space up to 1 MiB',
  too_large_body: 'the right answer, with white space up to one byte more than 1 MiB',
  deep_nesting: '100,000 arrays in each other as `scene`',
  byte_order_mark: 'the right answer behind a byte order mark',
  gzip: 'the right answer in gzip, though nobody asked for it',
  slow: 'the answer comes in ten pieces over `delay_ms` (default 200)',
  hang: 'no answer ever',
  socket_reset: 'the connection ends without an answer',
  reset_midway: 'the connection ends in the middle of the body',
  stale_keep_alive: 'a connection that has served before ends without an answer; a fresh one works',
  wrong_date: 'a Date header one hour ahead',
  no_date: 'no Date header',
  text_plain: 'the right answer as text/plain',
  control_characters: 'raw control characters inside JSON strings',
  invalid_utf8: 'a name that is not UTF-8',
  no_errcode: 'the right list without errcode and errmsg',
  missing_scene: 'errcode 0 without `scene`',
  null_scene: 'errcode 0 with `scene` null',
  empty_list: 'errcode 0 with an empty list',
  keyless_row: 'the right list with a row that has no value',
  nameless_row: 'the right list with a row whose name is empty',
  conflict: 'the right list with a key twice, under different names',
  string_values: 'the right list with all values as strings',
  big_numbers: 'the right list with integers beyond 2^53 and 2^63',
  secret_in_answer: 'the right list with the token in a name',
  malformed_token: 'a token without `expires_in`',
  empty_page: 'authorizer_list: a page without rows, though `total_count` says that there are some',
  empty_refresh_token: 'authorizer_token: the answer has an empty refresh token',
} as const;

export type SimulatorFaultName = keyof typeof simulatorFaultMeanings;

export const simulatorFaults = Object.keys(simulatorFaultMeanings) as readonly SimulatorFaultName[];

/** Faults of the scene list itself. */
const listFaults: ReadonlySet<SimulatorFaultName> = new Set<SimulatorFaultName>([
  'no_errcode',
  'missing_scene',
  'null_scene',
  'empty_list',
  'keyless_row',
  'nameless_row',
  'conflict',
  'string_values',
  'big_numbers',
  'control_characters',
  'invalid_utf8',
  'secret_in_answer',
]);

export const simulatorEndpoints = [
  'get_scene',
  'stable_token',
  'token',
  'component_token',
  'authorizer_list',
  'authorizer_token',
] as const;
export type SimulatorEndpoint = (typeof simulatorEndpoints)[number];

/** Faults that fit some endpoints only; any other fits all. */
const endpointsOfFault: Readonly<Partial<Record<SimulatorFaultName, readonly SimulatorEndpoint[]>>> = {
  malformed_token: ['stable_token', 'token', 'component_token', 'authorizer_token'],
  empty_page: ['authorizer_list'],
  empty_refresh_token: ['authorizer_token'],
};

/** True when the fault can be put upon the endpoint. */
export function fitsEndpoint(fault: SimulatorFaultName, endpoint: SimulatorEndpoint): boolean {
  if (listFaults.has(fault)) return endpoint === 'get_scene';
  return endpointsOfFault[fault]?.includes(endpoint) ?? true;
}

/** What WeChat says today about a token that it does not take. */
export const INVALID_TOKEN =
  'invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r';

/** What the faults that are an errcode answer. */
const errcodeFaults: Readonly<Partial<Record<SimulatorFaultName, { readonly code: number; readonly errmsg: string }>>> =
  {
    system_busy: { code: -1, errmsg: 'system error' },
    rate_limited: { code: 45011, errmsg: 'api minute-quota reach limit, must slower, retry next minute' },
    token_invalid: { code: 40001, errmsg: INVALID_TOKEN },
    token_expired: { code: 42001, errmsg: 'access_token expired' },
    quota_exceeded: { code: 45009, errmsg: 'reach max api daily quota limit' },
    unpublished: { code: 507010, errmsg: 'unpublished mini program cannot use this api' },
    not_authorized: { code: 61003, errmsg: 'component is not authorized by this account hint: [abc]' },
    ip_not_whitelisted: { code: 40164, errmsg: 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist' },
    secret_frozen: { code: 40243, errmsg: 'AppSecret is frozen' },
    bad_request: { code: 47001, errmsg: 'data format error' },
    unknown_code: { code: 99999, errmsg: 'a new kind of trouble' },
  };

/** `errcode` and `errmsg` of a fault that is an errcode; undefined for the others. `code` is the one given with `errcode`. */
export function errcodeOfFault(
  fault: SimulatorFaultName,
  code: number,
): { readonly code: number; readonly errmsg: string } | undefined {
  return fault === 'errcode' ? { code, errmsg: 'simulated error' } : errcodeFaults[fault];
}
