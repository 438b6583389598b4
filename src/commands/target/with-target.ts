import { systemClock } from '../../clock.ts';
import { readCatalog } from '../../config/catalog-files.ts';
import type { Config } from '../../config/load-config.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { createLoader } from '../../load/registry.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { createProgressBar } from '../../report/progress-bar.ts';
import type { Session } from '../session/session.ts';

export interface TargetOptions {
  /** What the progress bar calls the work. */
  readonly label: string;
  /** How long to wait for another run, in milliseconds. Default 0. */
  readonly lockTimeoutMs?: number | undefined;
  /** True for work that may begin with nothing: a target that is not there yet is made for it. Default false. */
  readonly mayMake?: boolean;
}

/** Opens the target of a config for some work and closes it, whatever happens. */
export async function withTarget<T>(
  session: Session,
  config: Config,
  options: TargetOptions,
  work: (context: RunContext) => Promise<T>,
): Promise<T> {
  const { autoMigrate, ...section } = config.target;
  const { signal, logger, redactor, screen } = session;
  const catalog = await readCatalog(config, signal);
  const lockTimeoutMs = options.lockTimeoutMs ?? 0;
  await using loader = await createLoader(section, {
    baseDirectory: config.baseDirectory,
    openTimeoutMs: lockTimeoutMs,
    mayMake: options.mayMake ?? false,
    signal,
    onRetry: ({ message, attempt, waitMs }) => {
      if (waitMs === null) logger.warn({ attempt }, message);
      else logger.warn({ attempt, wait_ms: Math.round(waitMs) }, `the target is asked again: ${message}`);
    },
    onSecret: (secret) => void redactor.register(secret),
  }).catch((error: unknown) => {
    throw placed(error, config);
  });
  using progress =
    session.options.quiet === true ? undefined : createProgressBar({ screen, logger, label: options.label });
  return await work({
    loader,
    dimension: config.dimension,
    catalog,
    guards: config.guards,
    autoMigrate,
    lockTimeoutMs,
    programVersion: session.programVersion,
    clock: systemClock,
    logger,
    redact: redactor.redact,
    holdsSecret: redactor.holdsSecret,
    signal,
    onProgress: (state) => progress?.update(state),
  });
}

/** What a loader refuses in its settings, with where that setting stands. */
function placed(error: unknown, { placeOf }: Config): unknown {
  if (!isScenedimError(error, 'config_invalid') || placeOf === undefined) return error;
  const setting = /^(target(?:\.\w+)*): /.exec(error.message)?.[1];
  if (setting === undefined) return error;
  const message = `${placeOf(setting.split('.'))}: ${error.message}`;
  return new ScenedimError('config_invalid', message, { remedy: error.remedy, cause: error.cause });
}
