import { resolve } from 'node:path';
import type { Config } from '../../config/load-config.ts';
import type { Dataset } from '../../telemetry/run-watcher.ts';
import { schemaOf } from './schema-of.ts';
import { targetServer } from './target-server.ts';

/** Where the config's target is, by OpenLineage's naming of datasets. Settings that the target will refuse name its kind alone. */
export async function datasetOf(
  config: Pick<Config, 'target' | 'baseDirectory'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Dataset> {
  const { target, baseDirectory } = config;
  const schema = schemaOf(target);
  const server = await targetServer(config, environment).catch(() => null);
  if (server === null) return { namespace: target.type, name: schema };
  switch (server.type) {
    case 'postgres':
      return { namespace: `postgres://${server.host}:${server.port}`, name: `${server.database}.${schema}` };
    case 'bigquery':
      return { namespace: 'bigquery', name: `${server.project}.${server.dataset}` };
    case 'custom': {
      const { path } = target as { readonly path?: unknown };
      if (target.type !== 'pglite' || typeof path !== 'string') return { namespace: target.type, name: schema };
      const directory = path.startsWith('memory:') ? path : resolve(baseDirectory, path);
      return { namespace: 'file', name: `${directory}.${schema}` };
    }
  }
}
