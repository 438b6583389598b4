import type { Command } from 'commander';
import { requireDuration } from '../../config/duration.ts';
import type { Config } from '../../config/load-config.ts';
import { requireSource } from '../../config/roster/open-roster.ts';
import type { Setting } from '../../config/setting-variables.ts';
import { ScenedimError } from '../../errors.ts';
import type { WechatSource } from '../../extract/wechat-source.ts';
import { isInShard, type Shard } from '../../pipeline/fetch/shard.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { SyncOptions } from '../../pipeline/sync.ts';
import type { ReportOptions } from '../result/report-run.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { authorizersAtWechat } from './authorizers-at-wechat.ts';
import { rosterOf } from './roster-of.ts';
import { withCredentials } from './with-credentials.ts';

/** The options of `sync`, which `plan` shares. */
export interface SyncFlags extends ReportOptions, LockFlags {
  readonly appId?: readonly string[];
  readonly maxAge?: number;
  readonly shard?: Shard;
  readonly concurrency?: string;
  readonly rate?: string;
  readonly acceptShrink?: true;
  readonly acceptEmpty?: true;
}

/** Adds the options that choose what is fetched and how. */
export function addSyncOptions(command: Command): Command {
  return addAppIds(command, 'only this account (repeatable)')
    .option('--max-age <duration>', 'skip accounts answered more recently, like 6h', (text) =>
      requireDuration(text, '--max-age'),
    )
    .option('--shard <I/N>', 'only part I (from 0) of N (default: JOB_COMPLETION_INDEX and SHARD_COUNT)', parseShard)
    .option('--concurrency <n>', 'requests at the same time')
    .option('--rate <n>', 'requests started in a second, at most')
    .option(
      '--accept-shrink',
      'let answers through that lost most of their scenes, and a platform that lost most accounts',
    )
    .option('--accept-empty', 'let answers through that have no scene');
}

/** Adds `--app-id`, which may be given again and again. */
export function addAppIds(command: Command, description: string): Command {
  return command.option('--app-id <id>', description, (id: string, all: readonly string[] = []) => [...all, id]);
}

export interface LockFlags extends CommonOptions {
  /** Milliseconds. */
  readonly lockTimeout?: number;
}

export function addLockTimeout(command: Command): Command {
  return command.option('--lock-timeout <duration>', 'wait this long for another run (default: 0)', (text) =>
    requireDuration(text, '--lock-timeout'),
  );
}

/** The settings that flags make, which win over environment and file. */
export function flagSettings({ concurrency, rate }: SyncFlags): readonly Setting[] {
  return [
    { path: ['source', 'concurrency'], value: concurrency, origin: '--concurrency' },
    { path: ['source', 'ratePerSecond'], value: rate, origin: '--rate' },
  ];
}

/**
 * What the pipeline's `sync` and `planSync` take. The list of a platform is waited for until
 * `withinMs` are over.
 */
export async function syncOptionsOf(
  session: Session,
  config: Config,
  flags: SyncFlags,
  { source, context, withinMs = Number.POSITIVE_INFINITY }: SyncParts,
): Promise<SyncOptions> {
  const shard = shardOf(session, flags);
  const isOurs = (appId: string) => isInShard(appId, shard);
  const appIds = flags.appId ?? [];
  const { loader, clock } = context;
  const authorizers = authorizersAtWechat(session, source, withinMs);
  const roster = await rosterOf(session, config, { loader, authorizers }, { appIds, isCounted: isOurs });
  const { authorizers: listed } = roster;
  return {
    source,
    accounts: withCredentials(roster, session, config),
    accountTotal: roster.total,
    maxAgeMs: flags.maxAge ?? null,
    shard,
    concurrency: requireSource(config).concurrency,
    acceptEmpty: flags.acceptEmpty === true,
    acceptShrink: flags.acceptShrink === true,
    roster: listed !== null && appIds.length === 0 ? { appIds: listed, listedAt: clock.now() } : null,
  };
}

/** The part that this process takes; null when it takes all. Throws `usage` when the environment says no shard. */
export function shardOf({ environment }: Session, { shard }: SyncFlags): Shard | null {
  return shard ?? shardFromEnvironment(environment);
}

export interface SyncParts {
  readonly source: WechatSource;
  readonly context: RunContext;
  /** Milliseconds. Default: without end. */
  readonly withinMs?: number;
}

function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  return requireShard(Number(index), Number(count), `--shard: "${text}"`);
}

/** Kubernetes gives the index of an indexed job; how many there are, only the manifest knows. */
function shardFromEnvironment(environment: Readonly<Record<string, string | undefined>>): Shard | null {
  const count = environment['SHARD_COUNT'] ?? '';
  const index = environment['JOB_COMPLETION_INDEX'] ?? '';
  if (count === '') return null;
  const given = /^\d{1,6}$/.test(count) && /^\d{1,6}$/.test(index);
  const subject = `JOB_COMPLETION_INDEX "${index}" and SHARD_COUNT "${count}"`;
  return given ? requireShard(Number(index), Number(count), subject) : requireShard(Number.NaN, Number.NaN, subject);
}

function requireShard(index: number, count: number, subject: string): Shard {
  if (count >= 1 && index < count) return { index, count };
  throw new ScenedimError('usage', `${subject} is not a shard`, {
    remedy: 'write I/N with I from 0 to N-1, like 0/4',
  });
}
