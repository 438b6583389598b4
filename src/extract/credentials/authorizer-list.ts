import { problemOfAppId } from '../../dimension/app-id.ts';
import type { Micros } from '../../instant.ts';
import { isJsonObject, numberLiteral } from '../../normalize/exact-json.ts';
import { type CallRefused, callFailure } from '../call-outcome.ts';
import type { CallOutcome } from '../wechat-client.ts';
import type { ComponentToken } from './component-token.ts';
import { isToken } from './issued-token.ts';
import { ListedTokens } from './listed-tokens.ts';
import type { SharedWork } from './shared-work.ts';
import type { TokenCall } from './token-provider.ts';

/** The accounts that have authorised a platform. */
export interface AuthorizerList {
  readonly kind: 'list';
  readonly tokens: ListedTokens;
  /** How many entries have no valid app id. */
  readonly unusable: number;
  /** How many entries of its `total_count` the list did not give, however often it was read. */
  readonly missing: number;
}

/**
 * Reads `api_get_authorizer_list`, 500 accounts a page. It has no cursor, and its rows shift while
 * accounts authorise the platform or revoke that. So each page is asked for from the last row of
 * the one before. When it begins with another row, or the list ends before its `total_count`, the
 * whole list is read again, up to {@link MAX_PASSES} times in all. Every account that any page
 * names is listed.
 */
export async function readAuthorizerList(
  component: ComponentToken,
  shared: SharedWork,
): Promise<AuthorizerList | CallRefused> {
  const found: Found = { tokens: new ListedTokens(), unusable: 0, missing: 0 };
  for (let pass = 1; pass <= MAX_PASSES; pass += 1) {
    const outcome = await readOnce(component, shared, found);
    if (outcome === 'whole') break;
    if (outcome !== 'shifted') return outcome;
  }
  return { kind: 'list', ...found };
}

const PAGE_ROWS = 500;
const MAX_PASSES = 3;
/** For a list that never ends: two million accounts. */
const MAX_PAGES = 4_000;

interface Found {
  readonly tokens: ListedTokens;
  unusable: number;
  missing: number;
}

async function readOnce(
  component: ComponentToken,
  shared: SharedWork,
  found: Found,
): Promise<'whole' | 'shifted' | CallRefused> {
  found.unusable = 0;
  let isShifted = false;
  let last: unknown;
  let read = 0;
  let total = 0;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await shared.begin((call) => readPage(component, Math.max(0, read - 1), call));
    if (page.kind === 'failure') return page;
    const rows = read > 0 && page.rows[0]?.appId === last ? page.rows.slice(1) : page.rows;
    total = page.total;
    isShifted ||= read > 0 && rows.length === page.rows.length;
    if (rows.length === 0) break;
    for (const row of rows) add(row, found);
    last = rows.at(-1)?.appId;
    read += rows.length;
    if (read >= total) break;
  }
  found.missing = Math.max(0, total - read);
  return isShifted || found.missing > 0 ? 'shifted' : 'whole';
}

function add({ appId, refreshToken }: Row, found: Found): void {
  if (typeof appId !== 'string' || problemOfAppId(appId) !== undefined) {
    found.unusable += 1;
    return;
  }
  found.tokens.add(appId, isToken(refreshToken) ? refreshToken : '');
}

interface Row {
  readonly appId: unknown;
  readonly refreshToken: unknown;
}

interface Page {
  readonly kind: 'page';
  readonly total: number;
  readonly rows: readonly Row[];
}

async function readPage(component: ComponentToken, offset: number, call: TokenCall): Promise<Page | CallRefused> {
  const path = '/cgi-bin/component/api_get_authorizer_list';
  const json = { component_appid: component.componentAppId, offset, count: PAGE_ROWS };
  const outcome: CallOutcome = await component.call({ endpoint: 'authorizer_list', path, json }, call);
  if (outcome.kind === 'failure') return outcome;
  const answer = isJsonObject(outcome.value) ? outcome.value : {};
  const total = Number(numberLiteral(answer['total_count']) ?? answer['total_count']);
  const { list } = answer;
  if (!Number.isSafeInteger(total) || !Array.isArray(list)) return malformed(outcome.receivedAt);
  const rows = list.map((entry: unknown): Row => {
    const row = isJsonObject(entry) ? entry : {};
    return { appId: row['authorizer_appid'], refreshToken: row['refresh_token'] };
  });
  return { kind: 'page', total, rows };
}

function malformed(observedAt: Micros): CallRefused {
  const failure = callFailure({
    code: 'malformed_roster',
    message: 'the answer of api_get_authorizer_list holds no total_count or no list',
    remedy: 'check what source.baseUrl points at, then run again',
    observedAt,
  });
  return { kind: 'failure', failure };
}
