import type { Config } from '../../config/load-config.ts';
import type { Roster } from '../../config/roster/open-roster.ts';
import { isScenedimError, type ScenedimError } from '../../errors.ts';
import type { AccountCredentials } from '../../extract/scene-source.ts';
import { formatCount } from '../../report/format-count.ts';
import type { Session } from '../session/session.ts';
import { rosterWithoutTarget } from '../source/roster-of.ts';
import { credentialsOf, secretContextOf } from '../source/with-credentials.ts';
import { assertUsable } from './assert-usable.ts';
import { checkClock } from './check-clock.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';
import { checkPlatform } from './check-platform.ts';
import { checkProxy } from './check-proxy.ts';
import { checkQuota } from './check-quota.ts';
import { Named } from './named.ts';

/** The accounts whose quotas are asked for; the first of the list when none is named. */
export interface QuotaQuestion {
  readonly appIds: readonly string[];
}

/**
 * Checks that the list of accounts and their credentials can be read, then the platform, the proxy
 * and the clock. Asks for quotas only with a question; without one it sends no credential.
 */
export async function checkSource(
  session: Session,
  config: Config,
  question: QuotaQuestion | null,
): Promise<readonly CheckedFinding[]> {
  const { source } = config;
  if (source === undefined) {
    const message = 'none; commands that fetch need one';
    return [{ level: 'warning', subject: 'source', message, remedy: 'add a source with its accounts', exitCode: 0 }];
  }
  const roster = await openedRoster(session, config, question?.appIds ?? []);
  const findings = 'level' in roster ? [roster] : await checkCredentials(session, config, roster);
  const platform = await checkPlatform(session, config);
  const proxy = checkProxy(source, session.environment);
  if (proxy.some(({ level }) => level === 'error')) return [...findings, ...platform, ...proxy];
  const clock = await checkClock(source, session.environment, session.signal);
  const quota =
    question === null || 'level' in roster ? [] : await checkQuota(session, config, roster, question.appIds.length > 0);
  return [...findings, ...platform, ...proxy, clock, ...quota];
}

async function openedRoster(
  session: Session,
  config: Config,
  appIds: readonly string[],
): Promise<Roster | CheckedFinding> {
  return rosterWithoutTarget(session, config, appIds).catch((error: unknown) => {
    if (isScenedimError(error, 'usage')) throw error;
    return findingOf(error, 'accounts');
  });
}

async function checkCredentials(session: Session, config: Config, roster: Roster): Promise<readonly CheckedFinding[]> {
  if (roster.authorizers?.size === 0) {
    const message = 'none known yet: a sync of all accounts asks WeChat who has authorised the platform';
    return [{ level: 'ok', subject: 'accounts', message, exitCode: 0 }];
  }
  const unreadable = new Named<CheckedFinding>();
  const secrets = secretContextOf(session, config);
  const shared = { readers: new Map(), signal: session.signal };
  let accounts = 0;
  try {
    for await (const account of roster) {
      accounts += 1;
      try {
        await assertReadable(account.appId, credentialsOf(account, secrets, shared), session.signal);
      } catch (error) {
        if (!isScenedimError(error)) throw error;
        unreadable.add(unreadableBy(account.appId, error));
      }
    }
  } catch (error) {
    return [findingOf(error, 'accounts')];
  }
  const readable = `${formatCount(accounts - unreadable.count)} of ${formatCount(accounts)} can be read`;
  const level = unreadable.count === 0 ? 'ok' : 'warning';
  return [
    { level, subject: 'credentials', message: readable, exitCode: 0 },
    ...unreadable.named,
    ...unreadable.rest({ level: 'error', subject: 'credentials', exitCode: 78 }),
  ];
}

/** The account of a platform has nothing to read; see checkPlatform. */
async function assertReadable(appId: string, credentials: AccountCredentials, signal: AbortSignal): Promise<void> {
  if ('accessToken' in credentials) assertUsable(appId, 'access token', await credentials.accessToken(signal));
  if ('appSecret' in credentials) assertUsable(appId, 'app secret', await credentials.appSecret(signal));
}

function unreadableBy(appId: string, error: ScenedimError): CheckedFinding {
  const finding = findingOf(error, 'credentials');
  return { ...finding, message: `account ${appId}: ${finding.message}` };
}
