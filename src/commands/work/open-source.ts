import { resolve } from 'node:path';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import type { PlatformConfig } from '../../config/roster/account-config.ts';
import { requireSource } from '../../config/roster/open-roster.ts';
import { createSecretReader } from '../../config/secret/create-secret-reader.ts';
import type { SecretReference } from '../../config/secret/secret-reference.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { openRefreshTokenFile, type RefreshTokenFile } from '../../extract/refresh-tokens/file-store.ts';
import { createGroupedStore } from '../../extract/refresh-tokens/grouped-store.ts';
import type { ComponentCredentials } from '../../extract/scene-source.ts';
import { createWechatSource, type PlatformOptions, type WechatSource } from '../../extract/wechat-source.ts';
import { retryOnTarget } from '../../pipeline/run/retry-on-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { RefreshTokenStore } from '../../platform-stores.ts';
import type { Session } from '../session/session.ts';
import { secretContextOf } from './with-credentials.ts';
import { withTarget } from './with-target.ts';

/** The WeChat of a config. `context` is that of the open target, where refresh tokens may be kept. */
export function openSource(session: Session, config: Config, context: RunContext): WechatSource {
  return open(session, config, () => context);
}

/** Opens WeChat for some work without a target; that is opened only when refresh tokens are kept in it. */
export async function withSource<T>(
  session: Session,
  config: Config,
  work: (source: WechatSource) => Promise<T>,
): Promise<T> {
  const store = config.source?.platform?.tokenStore;
  const isInTarget = store !== undefined && 'target' in store;
  if (isInTarget) {
    return withTarget(session, config, { label: 'tokens' }, async (context) => {
      await using source = openSource(session, config, context);
      return await work(source);
    });
  }
  await using source = open(session, config, () => null);
  return await work(source);
}

function open(session: Session, config: Config, context: () => RunContext | null): WechatSource {
  const { platform, ...source } = requireSource(config);
  const { environment, redactor } = session;
  return createWechatSource({
    ...source,
    clock: systemClock,
    redactor,
    environment,
    platform: platform === undefined ? undefined : platformOptions(platform, session, config, context()),
  });
}

function platformOptions(
  platform: PlatformConfig,
  session: Session,
  config: Config,
  context: RunContext | null,
): PlatformOptions {
  const { componentAppId, tokenStore } = platform;
  const store =
    'target' in tokenStore ? storeInTarget(context) : storeInFile(tokenStore.file, session, config, context);
  return { componentAppId, credentials: componentCredentials(platform, session, config), store };
}

/** What reads the credentials of a platform, anew at each call. */
export function componentCredentials(platform: PlatformConfig, session: Session, config: Config): ComponentCredentials {
  const context = secretContextOf(session, config);
  const reader = (reference: SecretReference) => createSecretReader(reference, context, platform.componentAppId);
  const { componentAccessToken, mint } = platform;
  if (mint === undefined) return { accessToken: reader(componentAccessToken) };
  return { appSecret: reader(mint.componentAppSecret), verifyTicket: reader(mint.verifyTicket) };
}

function storeInFile(file: string, { logger }: Session, config: Config, context: RunContext | null): RefreshTokenFile {
  return openRefreshTokenFile(resolve(config.baseDirectory, file), {
    waitMs: context?.lockTimeoutMs ?? 0,
    onWait: (message, leftMs) => logger.warn({ wait_ms: Math.round(leftMs) }, message),
  });
}

/** Gathers what many accounts ask for at once into few statements. */
function storeInTarget(context: RunContext | null): PlatformOptions['store'] {
  const store = context?.loader.refreshTokens;
  if (context === null || store === undefined) throw keepsNoTokens(context);
  const retrying: RefreshTokenStore = {
    read: (appIds, signal) =>
      retryOnTarget(() => store.read(appIds, signal), 'reading refresh tokens', context, signal).catch(
        (error: unknown) => {
          throw isScenedimError(error, 'schema_outdated') ? keepsNoTokens(context, error) : error;
        },
      ),
    // A change that was committed though its answer was lost is found to be stored already.
    replace: (changes, signal) =>
      retryOnTarget(() => store.replace(changes, signal), 'storing refresh tokens', context, signal),
  };
  return { ...createGroupedStore(retrying), [Symbol.asyncDispose]: async () => {} };
}

/** A sync creates the table; whatever else asks for tokens needs it to be there. */
function keepsNoTokens(context: RunContext | null, cause?: unknown): ScenedimError {
  const kind = context === null ? 'this' : `a ${context.loader.kind}`;
  const what = `${kind} target keeps no refresh tokens, or is not there yet`;
  return new ScenedimError('config_invalid', `source.platform.tokenStore: ${what}`, {
    remedy: 'run scenedim migrate once, or keep them in a file: tokenStore: { file: ./refresh-tokens.json }',
    cause,
  });
}
