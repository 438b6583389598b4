/** Targets in memory that outlive a command, as a package of somebody else would export them. */
import type { LoaderFactory } from '../../src/load/loader-factory.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget, type MemoryTarget } from '../../src/load/memory/memory-target.ts';

/** By the directory of the config. The module is loaded twice: by the tests, and by the program as a package. */
export const memoryTargets: Map<string, MemoryTarget> = shared('scenedim.test.memoryTargets');

export const loaderFactory: LoaderFactory<unknown> = {
  parseConfig: (section) => section,
  create: async (_, { baseDirectory }) => createMemoryLoader(memoryTargets.get(baseDirectory) ?? createMemoryTarget()),
};

function shared(name: string): Map<string, MemoryTarget> {
  const key = Symbol.for(name);
  const there = globalThis as unknown as Record<symbol, Map<string, MemoryTarget> | undefined>;
  there[key] ??= new Map();
  return there[key];
}
