import type { Config } from '../../config/load-config.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { flawOfSecret } from '../../extract/credentials/secret-text.ts';
import { formatCount } from '../../report/format-count.ts';
import type { Session } from '../session/session.ts';
import { rosterWithoutTarget } from '../work/roster-of.ts';
import { credentialsOf, secretContextOf } from '../work/with-credentials.ts';
import { checkClock } from './check-clock.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';
import { checkProxy } from './check-proxy.ts';

/** Credentials that cannot be read are named one by one up to this many. */
const NAMED = 20;

/** Looks at the accounts, whether their credentials can be read, and at the clock. Sends no credential anywhere. */
export async function checkSource(session: Session, config: Config): Promise<readonly CheckedFinding[]> {
  const { source } = config;
  if (source === undefined) {
    const message = 'none; commands that fetch need one';
    return [{ level: 'warning', subject: 'source', message, remedy: 'add a source with its accounts', exitCode: 0 }];
  }
  const findings = await checkCredentials(session, config);
  const proxy = checkProxy(source, session.environment);
  if (proxy.some(({ level }) => level === 'error')) return [...findings, ...proxy];
  return [...findings, ...proxy, await checkClock(source, session.environment, session.signal)];
}

async function checkCredentials(session: Session, config: Config): Promise<readonly CheckedFinding[]> {
  const findings: CheckedFinding[] = [];
  const secrets = secretContextOf(session, config);
  const shared = { readers: new Map(), signal: session.signal };
  let accounts = 0;
  let unreadable = 0;
  try {
    for await (const account of await rosterWithoutTarget(session, config)) {
      accounts += 1;
      const credentials = credentialsOf(account, secrets, shared);
      try {
        const [what, read] =
          'accessToken' in credentials
            ? (['access token', credentials.accessToken] as const)
            : (['app secret', credentials.appSecret] as const);
        assertUsable(account.appId, what, await read(session.signal));
      } catch (error) {
        if (!isScenedimError(error)) throw error;
        unreadable += 1;
        if (unreadable <= NAMED) findings.push(unreadableBy(account.appId, error));
      }
    }
  } catch (error) {
    return [findingOf(error, 'accounts')];
  }
  if (unreadable > NAMED) {
    const message = `… and ${formatCount(unreadable - NAMED)} more accounts`;
    findings.push({ level: 'error', subject: 'credentials', message, exitCode: 78 });
  }
  const readable = `${formatCount(accounts - unreadable)} of ${formatCount(accounts)} can be read`;
  const level = unreadable === 0 ? 'ok' : 'warning';
  return [{ level, subject: 'credentials', message: readable, exitCode: 0 }, ...findings];
}

function assertUsable(appId: string, what: string, secret: string): void {
  const flaw = flawOfSecret(what, secret);
  if (flaw === null) return;
  const remedy = flaw.remedy ?? `check the credentials of ${appId} in source`;
  throw new ScenedimError('config_invalid', flaw.message, { remedy });
}

function unreadableBy(appId: string, error: ScenedimError): CheckedFinding {
  const finding = findingOf(error, 'credentials');
  return { ...finding, message: `account ${appId}: ${finding.message}` };
}
