import type { Command } from 'commander';
import { requireDuration } from '../../config/duration.ts';
import type { Config } from '../../config/load-config.ts';
import { requireSource } from '../../config/roster/open-roster.ts';
import type { Setting } from '../../config/setting-variables.ts';
import type { WechatSource } from '../../extract/wechat-source.ts';
import { isInShard, type Shard } from '../../pipeline/fetch/shard.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { SyncOptions } from '../../pipeline/sync.ts';
import type { ReportOptions } from '../result/report-run.ts';
import { addAppIds } from '../session/app-ids-option.ts';
import type { Session } from '../session/session.ts';
import type { LockFlags } from '../target/lock-timeout-option.ts';
import { authorizersAtWechat } from './authorizers-at-wechat.ts';
import { rosterOf } from './roster-of.ts';
import { parseShard, shardOf } from './shard-option.ts';
import { withCredentials } from './with-credentials.ts';

/** The options of `sync`, which `plan` shares. */
export interface SyncFlags extends ReportOptions, LockFlags {
  readonly appId?: readonly string[];
  /** Milliseconds. */
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

export interface SyncParts {
  readonly source: WechatSource;
  readonly context: RunContext;
  /** Milliseconds. Default: without end. */
  readonly withinMs?: number;
}
