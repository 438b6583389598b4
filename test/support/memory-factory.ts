/** The target in memory as a package of somebody else would export it. */
export { memoryLoaderFactory as loaderFactory } from '../../src/load/memory/memory-loader.ts';
