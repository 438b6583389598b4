import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { measurePeak, memoryOfRun } from '../support/memory-of-run.ts';
import { volumeLog } from '../support/volume-log.ts';

/** A run needs some 290. One in which V8 begins to optimize PGlite's SQL parser needs more, up to 820. */
const LIMIT_MB = 330;

test(`an hourly run into PGlite needs less than ${LIMIT_MB} MB`, async () => {
  await using work = await createCliWorkspace({ target: { type: 'pglite', path: './data' } }, measurePeak);
  const peaks = [];
  for (const hour of [1, 2, 3]) {
    await writeFile(join(work.directory, 'log.ndjson'), volumeLog(100, hour, hour === 3));
    peaks.push((await memoryOfRun(work, ['replay', 'log.ndjson'])).megabytes);
  }
  process.stderr.write(`peak memory of a first load and of two later runs: ${peaks.join(', ')} MB\n`);
  // A first load also makes the database, which is so much SQL that the parser is optimized.
  expect(Math.max(...peaks.slice(1))).toBeLessThan(LIMIT_MB);
});
