/** What config/recovery/README.md says of full disks, on disks that are full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, inject, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { documentTable } from '../../support/document-tables.ts';
import { skipVisibly } from '../../support/postgres.ts';
import { query } from '../../support/postgres-loader-fixture.ts';
import { copyPglite } from '../../support/prepared-pglite.ts';
import { createRecoveryStage, type RecoveryStage, recoveryDocument } from '../../support/recovery-stage.ts';
import { replayLog } from '../../support/replay-log.ts';
import { mountSmallDisk, mountsWork, type SmallDisk } from '../../support/small-disk.ts';

vi.setConfig({ testTimeout: 240_000 });

const appId = 'wx0123456789abcdef';
const lines = [...replayLog({ accounts: 400, scenes: 60, answers: 1, order: 'account' })].join('\n');

/** What the document says of a disk, by its name there. */
function told(name: string): { readonly code: number; readonly says: string } {
  const row = documentTable(recoveryDocument, 'full disks').find(([disk]) => disk === name);
  const says = /`([^`]+)`/.exec(row?.[2] ?? '')?.[1];
  if (says === undefined) throw new Error(`${recoveryDocument} says nothing of the disk of ${name}`);
  return { code: Number(row?.[1]), says };
}

function open(
  simulator: Simulator,
  disk: SmallDisk,
  target: Readonly<Record<string, unknown>>,
): Promise<RecoveryStage> {
  const accounts = [{ appId, accessToken: { env: 'WECHAT_ACCESS_TOKEN' } }];
  const config = { source: { baseUrl: simulator.url, accounts }, target };
  return createRecoveryStage(
    config,
    { WECHAT_ACCESS_TOKEN: simulator.accessToken(appId), DISK: disk.path },
    disk.within,
  );
}

const fill = 'head -c 1G /dev/zero > "$DISK/filler" 2>/dev/null || test $? = 1';

if (!mountsWork()) skipVisibly('a full disk', 'no tmpfs may be mounted with unshare');
else {
  describe('a full disk', () => {
    test('of an output keeps the old file, and takes the new one when there is room', async () => {
      await using disk = await mountSmallDisk(3);
      await using simulator = await startSimulator();
      await using stage = await open(simulator, disk, { type: 'pglite', path: 'data' });
      await copyPglite(join(stage.directory, 'data'));
      await stage.succeed('scenedim sync');
      await stage.succeed('scenedim export --output "$DISK/scenes.ndjson" && cp "$DISK/scenes.ndjson" old.ndjson');
      simulator.change({ change: 'rename', key: 4, name: '新名' });
      await stage.succeed(fill);
      const metrics = told('`--metrics-file`');
      expect(await stage.fail(metrics.code, 'scenedim sync --metrics-file "$DISK/scenedim.prom"')).toContain(
        told('`--output`').says,
      );
      expect(await stage.succeed('scenedim history 4')).toContain('新名');
      for (const [name, command] of [
        ['`--output`', 'scenedim export --output "$DISK/scenes.ndjson"'],
        ['`--output`', 'scenedim export --output "$DISK/scenes.parquet"'],
        ['`--output`', 'scenedim export-log --output "$DISK/log.ndjson"'],
        ["a shell's `>`", 'scenedim export > "$DISK/part.ndjson"'],
      ] as const) {
        const { code, says } = told(name);
        expect(await stage.fail(code, command)).toContain(says);
      }
      expect(await stage.succeed('ls "$DISK" && cmp "$DISK/scenes.ndjson" old.ndjson')).toBe(
        'filler\npart.ndjson\nscenes.ndjson\n',
      );
      await stage.succeed('rm "$DISK/filler" && scenedim export --output "$DISK/scenes.ndjson"');
      expect(await stage.succeed('cat "$DISK/scenes.ndjson"')).toBe(await stage.succeed('scenedim export'));
      await stage.follow('A full disk');
    });

    test('of PGlite is told by whatever uses it, and nothing is lost', async () => {
      await using disk = await mountSmallDisk(80);
      await using simulator = await startSimulator();
      await using stage = await open(simulator, disk, { type: 'pglite', path: join(disk.path, 'data') });
      await stage.succeed('scenedim sync');
      const before = await stage.contents();
      await stage.succeed(fill);
      const { code, says } = told('PGlite');
      for (const command of ['replay -', 'sync', 'status']) {
        expect(await stage.fail(code, `scenedim ${command}`, lines)).toContain(says);
      }
      await stage.succeed('rm "$DISK/filler"');
      expect(await stage.contents()).toEqual(before);
      expect(await stage.follow('A full disk')).toContain('verify  all right');
      await stage.succeed('scenedim replay -', lines);
      expect(await stage.succeed('scenedim verify')).toContain('401 accounts');
    });
  });
}

const [server] = inject('postgresServers');
if (server === undefined || process.getuid?.() !== 0 || !mountsWork()) {
  skipVisibly('a full disk of PostgreSQL', 'needs a server, and root, who may mount');
} else {
  test('a full disk of PostgreSQL is told after five attempts, and nothing is lost', async () => {
    await using disk = await mountSmallDisk(90);
    await using simulator = await startSimulator();
    const program = `
      const { postgresServers, startPostgres } = await import(${JSON.stringify(new URL('../../support/postgres-server.ts', import.meta.url).href)});
      await using cluster = await startPostgres(postgresServers()[0], { settings: { max_wal_size: '32MB', min_wal_size: '32MB' } });
      console.log(cluster.url());
      for await (const _ of process.stdin);`;
    const [enter = '', ...args] = [...disk.within, process.execPath, '--input-type=module', '-e', program];
    const cluster = spawn(enter, args, {
      env: { ...process.env, TMPDIR: disk.path },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await using _stopped: AsyncDisposable = {
      [Symbol.asyncDispose]: async () => {
        const ended = once(cluster, 'exit');
        cluster.stdin.end();
        await ended;
      },
    };
    const [url] = (await once(cluster.stdout.setEncoding('utf8'), 'data')) as [string];
    await using stage = await open(simulator, disk, { type: 'postgres', url: url.trim() });
    await stage.succeed('scenedim sync');
    const before = await stage.contents();
    await fillTable(url.trim());
    const { code, says } = told('PostgreSQL');
    const failed = await stage.fail(code, 'scenedim replay -', lines);
    expect(failed).toContain(says);
    expect(failed).toContain("make room on the server's disk");
    expect(failed).toContain('"attempt":5');
    expect(await stage.contents()).toEqual(before);
    await query(url.trim(), 'DROP TABLE filler');
    expect(await stage.follow('A full disk')).toContain('verify  all right');
    await stage.succeed('scenedim replay -', lines);
    expect(await stage.succeed('scenedim verify')).toContain('401 accounts');
  });
}

/** Fills the disk below a server, in steps so small that nearly nothing is left; unlogged, for the server's own log has a size. */
async function fillTable(url: string): Promise<void> {
  await query(url, 'CREATE UNLOGGED TABLE filler (text text)');
  for (;;) {
    try {
      await query(url, 'INSERT INTO filler SELECT repeat(md5(random()::text), 30) FROM generate_series(1, 200)');
    } catch (error) {
      expect(error).toMatchObject({ code: '53100' });
      return;
    }
  }
}
