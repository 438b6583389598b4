import type { EndedRun, ReportDocument } from '../../src/telemetry/run-watcher.ts';

/** A sync that went well in part, or what a test makes of it. */
export function endedRun({
  report,
  ...differences
}: Partial<Omit<EndedRun, 'report'>> & { report?: object } = {}): EndedRun & {
  report: ReportDocument;
} {
  return {
    command: 'sync',
    startedAt: 1_699_999_999_000_000n,
    finishedAt: 1_700_000_000_500_000n,
    elapsedMs: 1500,
    programVersion: '0.0.0',
    input: { namespace: 'https://api.weixin.qq.com', name: 'wxaapi/log/get_scene' },
    shard: null,
    dataset: { namespace: 'postgres://db.example.com:5432', name: 'warehouse.scene' },
    standing: null,
    problemCounts: [{ kind: 'failed', code: '40001', count: 2 }],
    exitCode: 0,
    error: null,
    ...differences,
    report: {
      run_id: '20231114T221319Z-1a2b3c4d',
      outcome: 'partial',
      accounts: { selected: 1204, changed: 1, unchanged: 1201, held: 0, skipped: 0, failed: 2, fresh: 0, unreached: 0 },
      observations: { recorded: 1203, duplicate: 0 },
      versions: { opened: 1, closed: 1, rewritten: 0, removed: 0 },
      rejects: 0,
      problems: [problemOf('wxa'), problemOf('wxb')],
      problems_total: 2,
      ...report,
    },
  };
}

function problemOf(appId: string): object {
  return { app_id: appId, kind: 'failed', code: '40001', message: 'the token is not valid', remedy: 'get a new one' };
}
