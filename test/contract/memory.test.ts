import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { describeLoaderContract } from '../../src/testing.ts';

describeLoaderContract('memory', async () => {
  const target = createMemoryTarget();
  return { loader: createMemoryLoader(target), second: async () => createMemoryLoader(target) };
});
