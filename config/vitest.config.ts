import { defineConfig } from 'vitest/config';

/** A process serves many files: a test that changes what others see, a variable of the environment say, restores it. */
const shared = { isolate: false } as const;

const suites = {
  unit: { testTimeout: 10_000, ...shared },
  property: { testTimeout: 120_000, ...shared },
  cases: { testTimeout: 60_000, ...shared },
  contract: { testTimeout: 60_000, ...shared },
  integration: { testTimeout: 120_000 },
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
