import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompactReport } from '../../src/pipeline/compact.ts';
import type { ViewDatabase } from '../support/view-database.ts';
import { type BenchRun, commandLine, sizeText } from './bench-run.ts';
import type { BenchDatabase, BenchTarget } from './bench-target.ts';
import { assertEqual, type CommandLine } from './command-line.ts';
import { outputOf } from './measure-process.ts';
import { type Measurement, measureHere, type Place } from './sample.ts';
import { appIdOf, bodyOf } from './workload.ts';

const floor = 'delete';

/** Of hourly runs; a quarter of the time is younger than `keepDays`. */
interface Period {
  readonly days: number;
  readonly keepDays: number;
  /** After so many days the accounts that have two answers give the other one. */
  readonly changeAfterDays: number;
}

const month: Period = { days: 30, keepDays: 7, changeAfterDays: 5 };
const year: Period = { days: 365, keepDays: 90, changeAfterDays: 61 };

/** The most: a hundredth of the largest size. PGlite has fewer, because it takes three times as long. */
const mostAccounts = { postgres: 1_000, pglite: 100 };

/** What becomes of a log that hourly runs wrote, and what `compact` makes of it. */
export async function takeLogFigures(run: BenchRun): Promise<void> {
  const { options, tally, targets } = run;
  for (const target of targets) {
    const accounts = Math.min(mostAccounts[target.type], Math.ceil(Math.max(...options.sizes) / 100));
    await takePeriod(run, target, accounts, month);
    // It takes minutes to make, and more room than a PGlite should have.
    if (options.full && tally.repeat === 0 && target.type === 'postgres') {
      await takePeriod(run, target, accounts, year);
    }
  }
}

async function takePeriod(run: BenchRun, target: BenchTarget, accounts: number, period: Period): Promise<void> {
  await using database = await target.createDatabase();
  const cli = await commandLine(run, { database });
  const hours = period.days * 24;
  const place: Place = { group: 'log', target: target.name, size: sizeText(accounts * hours, 'observations') };
  const take = (figure: string, measurement: Measurement) =>
    run.tally.add(place, figure, figure === floor ? null : floor, measurement);
  const bytes = async () => sizeText(await bytesOfLog(database), 'bytes');

  const hourly = await makeLog(cli, database, accounts, period);
  const before = await bytes();
  const verified = await verify(cli);
  take('verify the log', verified.measurement);
  take('hourly run', await cli.runAndCount(['replay', hourly.beforeCompact], { recorded: accounts }));
  await copyLog(database);
  take('compact', await cli.run(`compact --keep ${period.keepDays}d --confirm scene --json --quiet`.split(' ')));
  const { older_than: olderThan, removed } = JSON.parse(outputOf(cli.folder, 'stdout')) as CompactReport;
  take(floor, await deleteFromCopy(database, olderThan, removed.observations));
  const after = await verify(cli);
  take('verify after compact', after.measurement);
  assertEqual('verify after compact: versions', after.versions, verified.versions);
  take('hourly run after compact', await cli.runAndCount(['replay', hourly.afterCompact], { recorded: accounts }));
  const freed = `compact deleted ${sizeText(removed.observations, 'of them')}, ${await shrink(database).then(bytes)} are left`;
  process.stderr.write(`${place.size} in ${before}: ${freed}\n`);
}

async function verify(cli: CommandLine) {
  const measurement = await cli.run(['verify', '--json', '--quiet']);
  const { versions } = JSON.parse(outputOf(cli.folder, 'stdout')) as { readonly versions: number };
  return { measurement, versions };
}

/**
 * Answers that the program itself records whenever an account gives another one, and at the end;
 * equal ones in all hours between by SQL, in the order in which hourly runs write them. Ends some two
 * hours ago. Gives the files of the next two runs.
 */
async function makeLog(cli: CommandLine, database: BenchDatabase, accounts: number, period: Period) {
  const hours = period.days * 24;
  const hourMs = 3_600_000;
  const start = (Math.floor(Date.now() / hourMs) - hours - 2) * hourMs;
  const everyHours = period.changeAfterDays * 24;
  const answer = (account: number, hour: number): string => {
    const at = new Date(start + hour * hourMs + account * 1_000).toISOString();
    const body = bodyOf(account, Math.floor(Math.min(hour, hours - 1) / everyHours) % 2 === 1);
    return `{"app_id":"${appIdOf(account)}","observed_at":"${at}","body":${body}}\n`;
  };
  const write = async (name: string, when: readonly number[]): Promise<string> => {
    const file = join(cli.folder, `${name}.ndjson`);
    const lines = when.flatMap((hour) => Array.from({ length: accounts }, (_, account) => answer(account, hour)));
    await writeFile(file, lines.join(''));
    return file;
  };
  const changes = Array.from({ length: Math.ceil(hours / everyHours) }, (_, nth) => nth * everyHours);
  await cli.run(['replay', await write('changes', [...changes, hours - 1]), '--quiet']);
  await using connection = await database.connect();
  await connection.execute(`
    CREATE TEMPORARY TABLE answer AS
    SELECT *, floor(extract(epoch FROM observed_at - '${new Date(start).toISOString()}') / 3600)::int AS answered
    FROM scene.scene_observation;
    CREATE INDEX ON answer (answered, app_id);
    INSERT INTO scene.scene_observation
    SELECT app_id, observed_at + age * interval '1 hour', status, payload_hash, error_code, error_message,
      hold_reason, decided_at, decision_note, run_id
    FROM generate_series(1, ${hours - 2}) AS hour,
      LATERAL (SELECT hour % ${everyHours} AS age) AS past,
      LATERAL (SELECT * FROM answer WHERE answered = hour - age ORDER BY app_id) AS a
    WHERE age > 0`);
  assertEqual('observations', await countOf(connection, 'scene.scene_observation'), accounts * hours);
  return {
    beforeCompact: await write('before-compact', [hours]),
    afterCompact: await write('after-compact', [hours + 1]),
  };
}

async function countOf(connection: ViewDatabase, table: string): Promise<number> {
  const [row] = await connection.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
  return row?.rows ?? 0;
}

async function copyLog(database: BenchDatabase): Promise<void> {
  await using connection = await database.connect();
  await connection.execute(`
    CREATE TABLE log_copy (LIKE scene.scene_observation INCLUDING ALL);
    INSERT INTO log_copy SELECT * FROM scene.scene_observation`);
}

/** The floor: finds and deletes the same rows of the copy by one statement. Throws when they are not as many. */
async function deleteFromCopy(database: BenchDatabase, olderThan: string, expected: number) {
  await database.settle();
  await using connection = await database.connect();
  const before = await countOf(connection, 'log_copy');
  const measurement = await measureHere(
    () =>
      connection.execute(`
        DELETE FROM log_copy AS o USING (
          SELECT app_id, observed_at, payload_hash, lag(payload_hash) OVER log AS last, lead(payload_hash) OVER log AS next
          FROM log_copy WINDOW log AS (PARTITION BY app_id ORDER BY observed_at)
        ) AS r
        WHERE r.observed_at < '${olderThan}' AND r.payload_hash = r.last AND r.payload_hash = r.next
          AND o.app_id = r.app_id AND o.observed_at = r.observed_at`),
    database.serverCpuMs,
  );
  assertEqual('compact: observations', expected, before - (await countOf(connection, 'log_copy')));
  return measurement;
}

/** Of table and index. */
async function bytesOfLog(database: BenchDatabase): Promise<number> {
  await using connection = await database.connect();
  const [row] = await connection.query<{ bytes: string }>(
    `SELECT pg_total_relation_size('scene.scene_observation')::text AS bytes`,
  );
  return Number(row?.bytes);
}

async function shrink(database: BenchDatabase): Promise<void> {
  await using connection = await database.connect();
  await connection.execute('VACUUM (FULL) scene.scene_observation');
}
