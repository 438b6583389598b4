import type { Command } from 'commander';
import * as z from 'zod';
import type { Config } from '../config/load-config.ts';
import { ScenedimError } from '../errors.ts';
import type { RidExplanation } from '../extract/diagnostics.ts';
import type { FetchFailure, SourceAccount } from '../extract/scene-source.ts';
import { formatInstant } from '../instant.ts';
import { count, type Document, time } from '../output-fields.ts';
import { printable } from '../report/printable.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions, Session } from './session/session.ts';
import { failedCall } from './source/failed-call.ts';
import { withSource } from './source/open-source.ts';
import { rosterWithoutTarget } from './source/roster-of.ts';
import { withCredentials } from './source/with-credentials.ts';

export const description =
  'Asks WeChat what it knows about a call that failed: time, duration, client IP, request and response. WeChat tells that for ' +
  '7 days, and only to the account whose call it was. Tokens and secrets are left out.';

export const examples = [
  ['explain-rid 617682e0-09059ac5-34a8e2ea --app-id wx0123456789abcdef', 'a rid that status or check shows'],
] as const;

interface ExplainFlags extends CommonOptions {
  readonly appId: string;
}

export function define(command: Command, run: RunAction): void {
  command
    .argument('<rid...>', 'the rid, or the message that ends in it')
    .requiredOption('--app-id <id>', 'the account that the message is about (required)')
    .action(run<ExplainFlags>(explain));
}

/** What `explain-rid --json` prints; null is what WeChat does not tell. */
export const ridDocumentSchema = z.strictObject({
  app_id: z.string(),
  rid: z.string(),
  invoked_at: time.nullable(),
  cost_ms: count.nullable(),
  client_ip: z.string().nullable(),
  request_url: z.string().nullable(),
  request_body: z.string().nullable(),
  response_body: z.string().nullable(),
});

type RidDocument = Document<typeof ridDocumentSchema>;

async function explain(session: Session, { appId, json }: ExplainFlags, words: readonly string[]): Promise<number> {
  const rid = ridIn(words.join(' '));
  const config = await session.loadConfig();
  if (appId === config.source?.platform?.componentAppId) throw callOfPlatform(appId);
  const account = await accountOf(session, config, appId);
  const answer = await withSource(session, config, (source) => source.explainRid(account, rid, session.signal));
  if (answer.kind === 'failure') throw failed(appId, answer);
  const document = documentOf(appId, rid, answer);
  if (json === true) await session.out.printJson(document);
  else await session.out.print(render(document));
  return 0;
}

/** The codes with which WeChat refuses the rid itself: asking again would not help. */
const wrongRidCodes: readonly string[] = ['76001', '76002', '76003'];

function failed(appId: string, failure: FetchFailure): ScenedimError {
  const { code, message, remedy } = failure;
  if (!wrongRidCodes.includes(code)) return failedCall(`account ${appId}`, failure);
  return new ScenedimError('usage', `account ${appId}: ${code}: ${message}`, { remedy: remedy ?? undefined });
}

function callOfPlatform(appId: string): ScenedimError {
  return new ScenedimError(
    'usage',
    `--app-id: ${appId} is the platform, and WeChat explains the calls of accounts alone`,
    {
      remedy: 'name an account whose own message holds the rid',
    },
  );
}

/** People paste what they see: `rid: 617682e0-09059ac5-34a8e2ea`, or the whole message. */
function ridIn(text: string): string {
  const found = new Set(
    text.toLowerCase().match(/(?<![\da-f-])[\da-f]{6,16}-[\da-f]{6,16}-[\da-f]{6,16}(?![\da-f-])/g),
  );
  const [rid] = found;
  if (rid !== undefined && found.size === 1) return rid;
  throw new ScenedimError('usage', found.size === 0 ? 'the argument holds no rid' : 'the argument holds several rids', {
    remedy: 'copy one from the message; it looks like 617682e0-09059ac5-34a8e2ea',
  });
}

async function accountOf(session: Session, config: Config, appId: string): Promise<SourceAccount> {
  const roster = await rosterWithoutTarget(session, config, [appId]);
  for await (const account of withCredentials(roster, session, config)) return account;
  throw new Error(`the roster does not give ${appId}, though it is on it`);
}

function documentOf(appId: string, rid: string, answer: RidExplanation): RidDocument {
  const { invokeTime, costMs, clientIp, requestUrl, requestBody, responseBody } = answer;
  return {
    app_id: appId,
    rid,
    invoked_at: invokeTime === null ? null : formatInstant(BigInt(invokeTime) * 1_000_000n),
    cost_ms: costMs,
    client_ip: clientIp,
    request_url: requestUrl,
    request_body: requestBody,
    response_body: responseBody,
  };
}

function render(document: RidDocument): string {
  const lines: readonly (readonly [string, string | null])[] = [
    ['time', document.invoked_at],
    ['duration', document.cost_ms === null ? null : `${document.cost_ms} ms`],
    ['client IP', document.client_ip],
    ['request URL', document.request_url],
    ['request body', document.request_body],
    ['response', document.response_body],
  ];
  return lines.map(([name, value]) => `${name.padEnd(14)}${value ? printable(value) : '-'}\n`).join('');
}
