import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { OverlayLoader } from '../../src/load/overlay/overlay-loader.ts';
import { describeLoaderContract } from '../../src/testing.ts';

describeLoaderContract(
  'planning overlay over an empty target',
  async () => {
    const base = createMemoryLoader();
    return { loader: new OverlayLoader(base), remove: () => base[Symbol.asyncDispose]() };
  },
  { privateTarget: true },
);
