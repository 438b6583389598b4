/** A process that opens the PGlite lock of `argv[2]`, says so on stdout, and keeps it until it is killed. */
import { lockDirectory } from '../../src/load/pglite/open-directory.ts';

await lockDirectory(process.argv[2] ?? '', {
  baseDirectory: '/',
  openTimeoutMs: 60_000,
  signal: new AbortController().signal,
});
process.stdout.write('held\n');
setInterval(() => {}, 1_000);
