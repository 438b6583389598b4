import { defineConfig } from 'vitest/config';

const suites = {
  unit: { testTimeout: 10_000 },
  property: { testTimeout: 120_000 },
  cases: { testTimeout: 60_000 },
  contract: { testTimeout: 60_000 },
  integration: { testTimeout: 120_000 },
  e2e: { testTimeout: 120_000 },
} as const;

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'forks',
    maxWorkers: 2,
    projects: Object.entries(suites).map(([name, limits]) => ({
      extends: true,
      test: { name, include: [`test/${name}/**/*.test.ts`], hookTimeout: 60_000, ...limits },
    })),
  },
});
