import { resolve } from 'node:path';
import type { Config } from '../../config/load-config.ts';
import type { PlatformConfig } from '../../config/roster/account-config.ts';
import { createSecretReader } from '../../config/secret/create-secret-reader.ts';
import type { SecretReference } from '../../config/secret/secret-reference.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { openRefreshTokenFile, type RefreshTokenFile } from '../../extract/refresh-tokens/file-store.ts';
import { createGroupedStore } from '../../extract/refresh-tokens/grouped-store.ts';
import type { ComponentCredentials } from '../../extract/scene-source.ts';
import type { PlatformOptions } from '../../extract/wechat-source.ts';
import { retryOnTarget } from '../../pipeline/run/retry-on-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { RefreshTokenStore } from '../../platform-stores.ts';
import type { Session } from '../session/session.ts';
import { secretContextOf } from './with-credentials.ts';

/**
 * The platform of a config, for a source. `context` is that of an open target, null for none.
 * Throws `config_invalid` when the target is to keep refresh tokens and there is none that does.
 */
export function platformOptions(
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

/** What reads the credentials of the platform itself, anew at each call. */
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

/** The store of the target, whose statements are tried again and serve many accounts each. */
function storeInTarget(context: RunContext | null): PlatformOptions['store'] {
  const store = context?.loader.refreshTokens;
  if (context === null || store === undefined) throw keepsNoTokens();
  const retrying: RefreshTokenStore = {
    read: (appIds, signal) =>
      retryOnTarget(() => store.read(appIds, signal), 'reading refresh tokens', context, signal).catch(
        (error: unknown) => {
          throw isScenedimError(error, 'schema_outdated') ? keepsNoTokens(error) : error;
        },
      ),
    // When the answer to a commit is lost, the next attempt replaces nothing, and AuthorizerToken
    // finds its own token stored.
    replace: (changes, signal) =>
      retryOnTarget(() => store.replace(changes, signal), 'storing refresh tokens', context, signal),
  };
  return { ...createGroupedStore(retrying), [Symbol.asyncDispose]: async () => {} };
}

/** For a target without the table, which `sync` and `migrate` create and no other command does. */
function keepsNoTokens(cause?: unknown): ScenedimError {
  const message = 'source.platform.tokenStore: the target has no table of refresh tokens, or not yet';
  return new ScenedimError('config_invalid', message, {
    remedy: 'run scenedim migrate once, or keep them in a file: tokenStore: { file: ./refresh-tokens.json }',
    cause,
  });
}
