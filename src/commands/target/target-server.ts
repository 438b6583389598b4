import type { Config } from '../../config/load-config.ts';
import { schemaOf } from './schema-of.ts';

/** A server of a data contract: where the tables are, without user, password and key. */
export type TargetServer =
  | {
      readonly type: 'postgres';
      readonly description: string;
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly schema: string;
    }
  | { readonly type: 'bigquery'; readonly description: string; readonly project: string; readonly dataset: string }
  /** `dialect` says whose types it has; null when nobody knows. */
  | { readonly type: 'custom'; readonly description: string; readonly dialect: 'postgres' | null };

/** What stands in a contract that no config gave a server. */
export const placeholderServer: TargetServer = {
  type: 'postgres',
  description: 'A placeholder, because there was no config: put in host, database and schema of your own.',
  host: 'db.example.com',
  port: 5432,
  database: 'warehouse',
  schema: 'scene',
};

/**
 * The server that the config's target is on. Of several hosts it is the first. What a url leaves out comes from the environment,
 * as it does for every other command.
 */
export async function targetServer(
  { target }: Pick<Config, 'target'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<TargetServer> {
  const schema = schemaOf(target);
  const text = (name: string): string | undefined => {
    const value = (target as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'string' ? value : undefined;
  };
  switch (target.type) {
    case 'postgres': {
      const { libpqSettings } = await import('../../load/postgres/libpq-settings.ts');
      const settings = libpqSettings(text('url'), environment);
      const first = (name: string) => settings.get(name)?.split(',')[0] || undefined;
      return {
        type: 'postgres',
        description: 'The target of the config.',
        host: first('host') ?? first('hostaddr') ?? 'localhost',
        port: Number(first('port') ?? 5432),
        database: settings.get('dbname') ?? '',
        schema,
      };
    }
    case 'bigquery':
      return {
        type: 'bigquery',
        description: 'The target of the config.',
        project: text('projectId') ?? '',
        dataset: schema,
      };
    case 'pglite':
      return {
        type: 'custom',
        description: `A PGlite directory, which one process at a time may open: ${text('path')}, schema ${schema}.`,
        dialect: 'postgres',
      };
    default:
      return { type: 'custom', description: `A target of type ${target.type}.`, dialect: null };
  }
}
