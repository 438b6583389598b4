import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../config/load-config.ts';
import type { PlatformConfig } from '../../config/roster/account-config.ts';
import { isScenedimError } from '../../errors.ts';
import { openRefreshTokenFile } from '../../extract/refresh-tokens/file-store.ts';
import { isOpenToOthers } from '../../extract/refresh-tokens/token-file.ts';
import { shellWord } from '../../shell-word.ts';
import type { Session } from '../session/session.ts';
import { componentCredentials } from '../source/platform-options.ts';
import { assertUsable } from './assert-usable.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';

/**
 * Checks that the credentials of the platform and its file of refresh tokens can be read. Asks
 * WeChat nothing.
 */
export async function checkPlatform(session: Session, config: Config): Promise<readonly CheckedFinding[]> {
  const platform = config.source?.platform;
  if (platform === undefined) return [];
  return [
    ...unusedCredential(config),
    await checkCredentials(platform, session, config),
    ...(await checkTokenFile(platform, session, config)),
  ];
}

function unusedCredential({ source }: Config): readonly CheckedFinding[] {
  const unused = (['accessToken', 'appSecret'] as const).find((key) => source?.[key] !== undefined);
  if (unused === undefined) return [];
  const message = `source.${unused} is never used: accounts without a credential are those of source.platform`;
  const remedy = `leave out source.${unused} or source.platform`;
  return [{ level: 'warning', subject: 'platform', message, remedy, exitCode: 0 }];
}

async function checkCredentials(platform: PlatformConfig, session: Session, config: Config): Promise<CheckedFinding> {
  const { componentAppId } = platform;
  const { signal } = session;
  const credentials = componentCredentials(platform, session, config);
  try {
    if ('accessToken' in credentials) {
      assertUsable(componentAppId, 'component access token', await credentials.accessToken(signal));
    } else {
      assertUsable(componentAppId, 'app secret', await credentials.appSecret(signal));
      assertUsable(componentAppId, 'verify ticket', await credentials.verifyTicket(signal));
    }
  } catch (error) {
    const finding = findingOf(error, 'platform');
    return { ...finding, message: `${componentAppId}: ${finding.message}` };
  }
  const message = `the credentials of ${componentAppId} can be read`;
  return { level: 'ok', subject: 'platform', message, exitCode: 0 };
}

const SUBJECT = 'refresh tokens';

/** No finding for a store in the target, which the checks of the target look at. */
async function checkTokenFile(
  { tokenStore }: PlatformConfig,
  { signal }: Session,
  { baseDirectory }: Config,
): Promise<readonly CheckedFinding[]> {
  if ('target' in tokenStore) return [];
  const { file: shown } = tokenStore;
  const path = resolve(baseDirectory, shown);
  // The first sync makes it.
  if (!existsSync(path)) return [];
  try {
    await using file = openRefreshTokenFile(path);
    await file.read([], signal);
  } catch (error) {
    const finding = findingOf(error, SUBJECT);
    return [isScenedimError(error, 'lock_held') ? { ...finding, level: 'warning', exitCode: 0 } : finding];
  }
  if (!(await isOpenToOthers(path))) return [];
  const message = `${shown} may be read by others than its owner`;
  const remedy = `chmod 600 ${shellWord(path)}`;
  return [{ level: 'warning', subject: SUBJECT, message, remedy, exitCode: 0 }];
}
