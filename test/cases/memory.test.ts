import { describe, it } from 'vitest';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { readCases } from '../support/case-file.ts';
import { runCase } from '../support/run-case.ts';

const cases = readCases(new URL('scd2-cases.yaml', import.meta.url));

describe('behaviour cases in memory', () => {
  it.each(cases)('$id $title', async (behaviour) => {
    await using loader = createMemoryLoader();
    await runCase(behaviour, loader);
  });
});
