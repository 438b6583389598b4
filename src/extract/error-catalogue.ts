/** The table of WeChat's error codes: code, class, meaning, remedy. A new code is a row of it. */
import { type CredentialKind, credentialKinds, type ErrorClass, NO_REFRESH_TOKEN } from './scene-source.ts';

/** What is known about one `errcode` of WeChat's. */
export interface ErrorCatalogueEntry {
  readonly errorClass: ErrorClass;
  /** What the code says, in our words. */
  readonly meaning: string;
  /** What a person can do about it. */
  readonly remedy: Remedy;
  /** False when every account is concerned, so that the run stops. */
  readonly accountOnly: boolean;
  /** True when the account's own token, secret or IP whitelist refuses us. */
  readonly credentialsRefused: boolean;
}

/** One text for every account, or one for each kind. */
export type Remedy = string | Readonly<Record<CredentialKind, string>>;

/**
 * Which kind of request was answered: where a token is asked for some codes mean something else.
 */
export type WechatEndpoint =
  | 'scene_list'
  | 'openapi'
  | 'token'
  | 'component_token'
  | 'authorizer_list'
  | 'authorizer_token';

export const REAUTHORISE = 'the account must authorise the third-party platform again';
const GRANT_PERMISSION = 'the account must grant permission set 18 (mini program data) to the third-party platform';
const ASK_ADMIN =
  'ask the administrator of the account to confirm this IP in WeChat, or add it to the IP whitelist of the account';
const LOOK_AT_MP = 'the account shows the reason and what to do at mp.weixin.qq.com';
const PUBLISH = 'publish the mini program, or take it off the list';
const CHECK_SECRET = 'check the appSecret of this account';
const RENEW_TOKEN =
  'renew the access token where it is maintained; one from GET /cgi-bin/token dies when anything else asks there';
const ASK_AUTHORIZER_TOKEN_AGAIN = `run again: each run asks for a token; when it stays, ${REAUTHORISE}`;
const RENEW_COMPONENT_TOKEN =
  'look at the component token where it is maintained (source.platform): each api_component_token ends the one before';
const CHECK_COMPONENT_SECRET = 'check source.platform.mint.componentAppSecret';
const LIST_IP = 'add the IP of this machine to the IP whitelist of this account at mp.weixin.qq.com';
const LIST_PLATFORM_IP = 'add the IP of this machine to the whitelist of the platform at open.weixin.qq.com';
const STORE_TICKET = 'the platform must store the component_verify_ticket that WeChat pushes every 10 minutes';
const CHECK_API_SECURITY = 'check the API security settings at mp.weixin.qq.com';
const TOMORROW = 'run again tomorrow (quotas start anew at midnight, UTC+8)';
const ASK_SUPPORT = 'give the code and the rid to WeChat support';
const REPORT_DEFECT = 'this is a defect of scenedim: please report it with the code and the rid';

const NEWER_RID = 'WeChat keeps a rid for 7 days: take that of a newer message';

const TOKEN_REFUSED = {
  appSecret:
    'run again: each run asks for a token; when it stays, look for a program that calls stable_token with force_refresh',
  accessToken: RENEW_TOKEN,
  platform: ASK_AUTHORIZER_TOKEN_AGAIN,
};
const LOOK_AT_PERMISSIONS =
  'look at the interface permissions of this account at mp.weixin.qq.com: only published mini programs and games have it';
const NO_RIGHT = { appSecret: LOOK_AT_PERMISSIONS, accessToken: LOOK_AT_PERMISSIONS, platform: GRANT_PERMISSION };
/** Only a token that a platform has got is answered so. */
const NOT_ITS_OWN =
  'WeChat takes the token for one of a third-party platform: give the account a token or secret of its own, or name the platform in source.platform';
const PLATFORM_REAUTHORISES = { appSecret: NOT_ITS_OWN, accessToken: NOT_ITS_OWN, platform: REAUTHORISE };
const PLATFORM_LACKS_RIGHT = { appSecret: NOT_ITS_OWN, accessToken: NOT_ITS_OWN, platform: GRANT_PERMISSION };
const WRONG_SECRET = { appSecret: CHECK_SECRET, accessToken: RENEW_TOKEN, platform: CHECK_COMPONENT_SECRET };
const IP_MISSING = { appSecret: LIST_IP, accessToken: LIST_IP, platform: LIST_PLATFORM_IP };
const PASSWORD_CHANGED = {
  appSecret: 'run again: each run asks for a token',
  accessToken: RENEW_TOKEN,
  platform: REAUTHORISE,
};

/** `own`: the account's own token, secret or IP whitelist is refused. `all`: every account of the run fails so. */
type Concern = 'own' | 'all';
type Row = readonly [code: number, errorClass: ErrorClass, meaning: string, remedy: Remedy, concern?: Concern];

/** Every documented `errcode` that getSceneList and the token endpoints may answer with. */
export const errorCatalogue = catalogueOf([
  [-1, 'transient', 'the system is busy', 'run again later'],
  [45011, 'transient', 'too many calls in this minute', 'lower source.ratePerSecond, or run again in a minute'],

  [40001, 'token', 'the access token is invalid or not the latest', TOKEN_REFUSED, 'own'],
  [40014, 'token', 'the access token is invalid', TOKEN_REFUSED, 'own'],
  [42001, 'token', 'the access token has expired', TOKEN_REFUSED, 'own'],

  [45009, 'quota', 'the daily quota of this API is used up', TOMORROW],

  [48001, 'unavailable', 'the account has no right to use this API', NO_RIGHT],
  [48004, 'unavailable', 'WeChat has blocked this API for the account', LOOK_AT_MP],
  [50002, 'unavailable', 'the account is restricted, frozen or deleted', LOOK_AT_MP],
  [50004, 'unavailable', 'the service is forbidden for the account', LOOK_AT_MP],
  [50007, 'unavailable', 'the account is suspended', LOOK_AT_MP],
  [61003, 'unavailable', 'the account has not authorised the third-party platform', PLATFORM_REAUTHORISES],
  [61007, 'unavailable', 'the account has not granted this API to the third-party platform', PLATFORM_LACKS_RIGHT],
  [61009, 'unavailable', 'the authorisation code is invalid', PLATFORM_REAUTHORISES],
  [61010, 'unavailable', 'the authorisation code has expired', PLATFORM_REAUTHORISES],
  [61023, 'unavailable', 'the refresh token is invalid', PLATFORM_REAUTHORISES],
  [42007, 'unavailable', 'the token ended because the password of the account changed', PASSWORD_CHANGED],
  [89501, 'unavailable', 'this IP waits for the confirmation of the administrator', ASK_ADMIN],
  [89503, 'unavailable', 'this IP needs the confirmation of the administrator', ASK_ADMIN],
  [89506, 'unavailable', 'the administrator refused this IP twice: it is locked out for 24 hours', ASK_ADMIN],
  [89507, 'unavailable', 'the administrator refused this IP: it is locked out for one hour', ASK_ADMIN],
  [507010, 'unavailable', 'an unpublished mini program cannot use this API', PUBLISH],

  [40013, 'configuration', 'the app id is not valid', 'check the appId in source.accounts', 'own'],
  [40125, 'configuration', 'the app secret is wrong', WRONG_SECRET, 'own'],
  [40243, 'configuration', 'the app secret is frozen', 'unfreeze the app secret at mp.weixin.qq.com', 'own'],
  [40164, 'configuration', 'the IP is not in the whitelist of the account', IP_MISSING, 'own'],
  [61004, 'configuration', 'the IP is not registered for the third-party platform', LIST_PLATFORM_IP, 'all'],
  [61005, 'configuration', 'the component_verify_ticket has expired', STORE_TICKET, 'all'],
  [61006, 'configuration', 'the component_verify_ticket is invalid', STORE_TICKET, 'all'],
  [61011, 'configuration', 'the platform is invalid', 'check source.platform.componentAppId', 'all'],
  [87009, 'configuration', 'the signature is invalid', CHECK_API_SECURITY, 'all'],

  [76001, 'unknown', 'WeChat does not know this rid', NEWER_RID],
  [76002, 'unknown', 'the rid is not one', 'copy the rid from the message once more'],
  [76003, 'unknown', 'the rid belongs to another account', 'name with --app-id the account that the message was about'],

  [40002, 'bug', 'the grant type is invalid', REPORT_DEFECT],
  [40066, 'bug', 'the URL is invalid', REPORT_DEFECT],
  [40097, 'bug', 'an argument is invalid', REPORT_DEFECT],
  [41001, 'bug', 'the access token is missing', REPORT_DEFECT],
  [41002, 'bug', 'the app id is missing', REPORT_DEFECT],
  [41004, 'bug', 'the app secret is missing', REPORT_DEFECT],
  [41018, 'bug', 'the component app id is missing', REPORT_DEFECT],
  [43001, 'bug', 'a GET request is required', REPORT_DEFECT],
  [43002, 'bug', 'a POST request is required', REPORT_DEFECT],
  [43003, 'bug', 'HTTPS is required', REPORT_DEFECT],
  [44002, 'bug', 'the body of the POST request is empty', REPORT_DEFECT],
  [47001, 'bug', 'the request is not valid JSON', REPORT_DEFECT],
  [61014, 'bug', 'a component token is required', REPORT_DEFECT],
  [61024, 'bug', 'a component token is required for this API', REPORT_DEFECT],
]);

/** What is said differently where there is no token yet that could be invalid. */
const tokenEndpointCatalogue = catalogueOf([
  [40001, 'configuration', 'the app secret is wrong', CHECK_SECRET, 'own'],
  [40014, 'unknown', 'the token endpoint refused a token', ASK_SUPPORT],
  [42001, 'unknown', 'the token endpoint refused a token', ASK_SUPPORT],
]);

const wrongComponentSecret = [
  'configuration',
  'the app secret of the platform is wrong',
  CHECK_COMPONENT_SECRET,
] as const;
const componentTokenRefused = ['token', 'the component access token is refused', RENEW_COMPONENT_TOKEN, 'own'] as const;
const componentCatalogue = catalogueOf([
  [40001, ...componentTokenRefused],
  [40014, ...componentTokenRefused],
  [42001, ...componentTokenRefused],
]);

const endpointCatalogues: Readonly<Partial<Record<WechatEndpoint, ReadonlyMap<string, ErrorCatalogueEntry>>>> = {
  token: tokenEndpointCatalogue,
  component_token: catalogueOf([
    [40001, ...wrongComponentSecret, 'all'],
    [40125, ...wrongComponentSecret, 'all'],
    [40013, 'configuration', 'the app id of the platform is not valid', 'check source.platform.componentAppId', 'all'],
  ]),
  authorizer_list: componentCatalogue,
  authorizer_token: componentCatalogue,
};

const unknownEntry: ErrorCatalogueEntry = {
  errorClass: 'unknown',
  meaning: 'a code that is not in the catalogue',
  remedy: 'look the code up in the documentation of WeChat, or give the code and the rid to WeChat support',
  accountOnly: true,
  credentialsRefused: false,
};

/** An `errcode` with where it came from. */
export interface AnsweredCode {
  readonly code: string;
  /** Null for a stored code, whose endpoint is not stored. */
  readonly endpoint: WechatEndpoint | null;
  /** Null when unknown, e.g. for an account that is on no list any more. */
  readonly credentials: CredentialKind | null;
  /** WeChat's text, or a message that holds it. */
  readonly errmsg: string;
}

/** An entry whose remedy is the one for a certain account. */
export type ClassifiedCode = ErrorCatalogueEntry & { readonly remedy: string };

/**
 * Classifies an `errcode`, by code and never by text; `errmsg` only fills in the remedy (the IP to put into the whitelist).
 * A code that is not listed is of class `unknown`: failed without a second attempt.
 */
export function classifyErrorCode({ code, endpoint, credentials, errmsg }: AnsweredCode): ClassifiedCode {
  const atToken = tokenEndpointCatalogue.get(code);
  const atEndpoint = endpoint === null ? undefined : endpointCatalogues[endpoint]?.get(code);
  const entry = atEndpoint ?? errorCatalogue.get(code) ?? unknownEntry;
  const remedy = withIp(remedyFor(entry.remedy, credentials), code, errmsg);
  const isEither = endpoint === null && credentials === 'appSecret' && atToken?.errorClass === 'configuration';
  if (!isEither) return { ...entry, remedy };
  const first = remedyFor(atToken.remedy, credentials);
  return {
    ...entry,
    meaning: `${atToken.meaning}, or ${entry.meaning}`,
    remedy: `${first}; when it is right, ${remedy}`,
  };
}

/** True when WeChat says that the account has no scene list to give; such an account is reported as skipped. */
export function isUnavailable(code: string): boolean {
  return code === NO_REFRESH_TOKEN || errorCatalogue.get(code)?.errorClass === 'unavailable';
}

function catalogueOf(rows: readonly Row[]): ReadonlyMap<string, ErrorCatalogueEntry> {
  return new Map(
    rows.map(([code, errorClass, meaning, remedy, concern]) => [
      String(code),
      { errorClass, meaning, remedy, accountOnly: concern !== 'all', credentialsRefused: concern === 'own' },
    ]),
  );
}

/** Of an account of an unknown kind, the remedy for each kind. */
function remedyFor(remedy: Remedy, credentials: CredentialKind | null): string {
  if (typeof remedy === 'string') return remedy;
  if (credentials !== null) return remedy[credentials];
  return credentialKinds.map((kind) => `${kindNames[kind]}: ${remedy[kind]}`).join('; ');
}

const kindNames: Readonly<Record<CredentialKind, string>> = {
  appSecret: 'with an appSecret',
  accessToken: 'with an accessToken',
  platform: 'of a third-party platform',
};

function withIp(remedy: string, code: string, errmsg: string): string {
  const ip = isAboutIp(code) ? ipIn(errmsg) : undefined;
  return ip === undefined ? remedy : remedy.replace(/the IP of this machine|this IP/, ip);
}

function isAboutIp(code: string): boolean {
  return code === '40164' || code === '61004' || code.startsWith('8950');
}

/** The first IPv4 address of a text such as `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist`, else an IPv6 one. */
function ipIn(errmsg: string): string | undefined {
  const v4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/.exec(errmsg)?.[0];
  return v4 ?? /(?<![\w:])(?=[\da-f]*:[\da-f:]*:)[\da-f:]{3,39}(?![\w:])/i.exec(errmsg)?.[0];
}
