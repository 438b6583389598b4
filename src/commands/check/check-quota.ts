import type { Config } from '../../config/load-config.ts';
import type { Roster } from '../../config/roster/open-roster.ts';
import type { Quota } from '../../extract/diagnostics.ts';
import type { FetchFailure, SourceAccount } from '../../extract/scene-source.ts';
import { SCENE_LIST_PATH, type WechatSource } from '../../extract/wechat-source.ts';
import { formatCount } from '../../report/format-count.ts';
import type { Session } from '../session/session.ts';
import { failedCall } from '../source/failed-call.ts';
import { withSource } from '../source/open-source.ts';
import { withCredentials } from '../source/with-credentials.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';

/** How many accounts are asked about without `--app-id`. */
const ASKED = 20;

/**
 * Asks WeChat what is left of today's quotas. Asking takes nothing of them, and nothing here ever
 * clears one.
 */
export async function checkQuota(
  session: Session,
  config: Config,
  roster: Roster,
  isNamed: boolean,
): Promise<readonly CheckedFinding[]> {
  try {
    return await withSource(session, config, async (source) => {
      const findings: CheckedFinding[] = [];
      let asked = 0;
      for await (const account of withCredentials(roster, session, config)) {
        if (!isNamed && asked === ASKED) {
          const message = `… and ${formatCount(roster.total - ASKED, 'more account')}, which --app-id names`;
          findings.push({ ...ok, message });
          break;
        }
        asked += 1;
        findings.push(...(await quotasOf(account, source, session.signal)));
      }
      return findings;
    });
  } catch (error) {
    return [findingOf(error, 'quota')];
  }
}

async function quotasOf(
  account: SourceAccount,
  source: WechatSource,
  signal: AbortSignal,
): Promise<readonly CheckedFinding[]> {
  const { appId, credentials = {} } = account;
  // Asking needs a token, and getting one from /cgi-bin/token ends the token of production.
  if ('legacyToken' in credentials) return [{ ...ok, message: `${appId}: not asked, because of its legacyToken` }];
  const findings: CheckedFinding[] = [];
  for (const path of [SCENE_LIST_PATH, ...('appSecret' in credentials ? ['/cgi-bin/stable_token'] : [])]) {
    const answer = await source.quotaOf(account, path, signal);
    const isOver = answer.kind === 'failure' && !isUntold(answer);
    findings.push(
      isOver ? findingOf(failedCall(`account ${appId}`, answer), 'quota') : told(`${appId}: ${path}`, answer),
    );
    if (isOver) break;
  }
  return findings;
}

/** True when the path has no quota that WeChat tells, or none that it tells to this token. */
function isUntold({ code }: FetchFailure): boolean {
  return code === '76021' || code === '76022';
}

function told(what: string, answer: Quota | FetchFailure): CheckedFinding {
  if (answer.kind === 'failure') return { ...ok, message: `${what}: WeChat tells none (${answer.code})` };
  const { dailyLimit, used, remain, rate } = answer;
  const most = rate === null ? '' : `, and at most ${formatCount(rate.calls)} in ${formatCount(rate.seconds)} s`;
  const calls = `${formatCount(remain)} of ${formatCount(dailyLimit)} calls are left today (${formatCount(used)} used)`;
  const message = `${what}: ${calls}${most}`;
  if (remain > 0 && remain * 10 >= dailyLimit) return { ...ok, message };
  const remedy = 'see what else makes these calls, or sync less often; quotas start anew at midnight (UTC+8)';
  return { level: 'warning', subject: 'quota', message, remedy, exitCode: 0 };
}

const ok = { level: 'ok', subject: 'quota', exitCode: 0 } as const;
