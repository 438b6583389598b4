import type { LoaderFactory } from '../loader.ts';
import { createMemoryLoader } from './memory-loader.ts';

export interface MemoryConfig {
  readonly type: 'memory';
}

/** Makes loaders for `target: { type: memory }`: each is a new, empty target that ends with the process. */
export const memoryLoaderFactory: LoaderFactory<MemoryConfig> = {
  parseConfig(section) {
    const fields = Object.keys(section ?? {});
    const unknown = fields.find((field) => field !== 'type');
    if (unknown !== undefined) throw new Error(`target.${unknown}: a target in memory has no such setting`);
    return { type: 'memory' };
  },
  create: async () => createMemoryLoader(),
};
