/**
 * A process that takes the lock of the PGlite directory `argv[2]` within `argv[3]` milliseconds, says so on stdout, and keeps it
 * until it is killed. With one more argument it opens the database too, and writes a row that is not committed.
 */
import { PGlite } from '@electric-sql/pglite';
import { lockDirectory } from '../../src/load/pglite/open-directory.ts';

const [directory = '', openTimeoutMs = '60000', work] = process.argv.slice(2);
const lock = await lockDirectory(directory, {
  openTimeoutMs: Number(openTimeoutMs),
  signal: new AbortController().signal,
});
if (work !== undefined) {
  const pglite = await PGlite.create({ dataDir: lock.path });
  await pglite.exec(
    'CREATE TABLE public.unfinished AS SELECT generate_series(1, 10000); BEGIN; DELETE FROM unfinished',
  );
}
process.stdout.write('held\n');
setInterval(() => {}, 1_000);
