import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLoaderContract } from '../../src/testing.ts';
import { loaderFactory } from '../fixtures/sqlite-loader/src/loader-factory.ts';

// A loader that is no part of scenedim, and knows nothing of it but what it exports.
describeLoaderContract('scenedim-loader-sqlite', async () => {
  const baseDirectory = await mkdtemp(join(tmpdir(), 'scenedim-sqlite-'));
  const config = loaderFactory.parseConfig({ type: 'scenedim-loader-sqlite', path: 'scene.sqlite' });
  const context = { baseDirectory, openTimeoutMs: 0, signal: new AbortController().signal };
  return {
    loader: await loaderFactory.create(config, context),
    second: () => loaderFactory.create(config, context),
    remove: () => rm(baseDirectory, { recursive: true, force: true }),
  };
});
