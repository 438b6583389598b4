import { accessSync, constants, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** A process serves many files: a test that changes what others see, a variable of the environment say, restores it. */
const shared = { isolate: false } as const;

const suites = {
  unit: { testTimeout: 10_000, ...shared },
  property: { testTimeout: 120_000, ...shared },
  cases: { testTimeout: 60_000, ...shared },
  contract: { testTimeout: 60_000, ...shared },
  integration: { testTimeout: 120_000, ...shared },
  e2e: { testTimeout: 120_000 },
  system: { testTimeout: 120_000 },
  endurance: { testTimeout: 300_000 },
  bigquery: { testTimeout: 180_000, hookTimeout: 180_000 },
  ops: { testTimeout: 300_000 },
  clients: { testTimeout: 120_000 },
  browser: { testTimeout: 120_000, hookTimeout: 300_000 },
  analysts: { testTimeout: 300_000, hookTimeout: 600_000 },
  operators: { testTimeout: 300_000, hookTimeout: 600_000 },
  bench: { testTimeout: 600_000 },
} as const;

/** Databases of tests live for seconds: they are in memory where there is room for them, so that nothing waits for a disk. */
const memory = '/dev/shm';
const roomForDatabases = 8 * 2 ** 30;
if (!process.env['TMPDIR'] && roomIn(memory) >= roomForDatabases) process.env['TMPDIR'] = memory;

const root = new URL('..', import.meta.url).pathname;

/** What a package that somebody else wrote imports. */
const alias = [
  { find: /^scenedim$/, replacement: `${root}src/index.ts` },
  { find: /^scenedim\/testing$/, replacement: `${root}src/testing.ts` },
];

export default defineConfig({
  test: {
    root,
    maxWorkers: 2,
    globalSetup: ['test/support/built-dist.ts', 'test/support/postgres-clusters.ts', 'test/support/local-bigquery.ts'],
    // Not extended from here: the global setup would run once a project, and so would its servers.
    projects: Object.entries(suites).map(([name, limits]) => ({
      resolve: { alias },
      test: {
        root,
        pool: 'forks' as const,
        // As the command line does, see src/process/limit-memory.ts.
        execArgv: ['--wasm-tiering-budget=1000000000'],
        name,
        include: [`test/${name}/**/*.test.ts`],
        hookTimeout: 60_000,
        ...limits,
      },
    })),
  },
});

/** The bytes that this user may still write into a folder; 0 for one that is not there. */
function roomIn(folder: string): number {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
