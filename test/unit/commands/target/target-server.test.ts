import { expect, test } from 'vitest';
import { odcsDocument } from '../../../../src/commands/schema/odcs-document.ts';
import { placeholderServer, targetServer } from '../../../../src/commands/target/target-server.ts';

type Section = { readonly type: string; readonly [field: string]: unknown };

const serverOf = (target: Section, environment = {}) =>
  targetServer({ target: { autoMigrate: true, ...target } }, environment);

test('a server of PostgreSQL is told without user, password and options, and the first of several', async () => {
  const url = 'postgres://bi:s3cr%40t@db1.example.com:5433,db2.example.com:5434/warehouse?sslmode=disable';
  expect(await serverOf({ type: 'postgres', url, schema: 'wechat' })).toEqual({
    type: 'postgres',
    description: 'The target of the config.',
    host: 'db1.example.com',
    port: 5433,
    database: 'warehouse',
    schema: 'wechat',
  });
});

test('what the url leaves out comes from the variables of libpq', async () => {
  const environment = { PGHOST: 'db.internal', PGPORT: '6432', PGDATABASE: 'facts', PGPASSWORD: 's3cr@t' };
  const server = await serverOf({ type: 'postgres', schema: 'scene' }, environment);
  expect(server).toMatchObject({ host: 'db.internal', port: 6432, database: 'facts' });
  expect(JSON.stringify(server)).not.toContain('s3cr@t');
});

test('BigQuery is told by project and dataset, without the key', async () => {
  const target = { type: 'bigquery', projectId: 'my-project', dataset: 'wechat', keyFile: 'key.json' };
  expect(await serverOf(target)).toEqual({
    type: 'bigquery',
    description: 'The target of the config.',
    project: 'my-project',
    dataset: 'wechat',
  });
});

test('types are those of the server, and left out where nobody knows them', async () => {
  const typesOf = (server: Parameters<typeof odcsDocument>[0]) => {
    const { schema } = odcsDocument(server, '1.2.3') as {
      readonly schema: readonly { readonly properties: readonly { readonly physicalType?: string }[] }[];
    };
    return new Set(schema.flatMap(({ properties }) => properties.map(({ physicalType }) => physicalType)));
  };
  const postgres = new Set(['text', 'bigint', 'integer', 'boolean', 'timestamp with time zone', 'date']);
  expect(typesOf(placeholderServer)).toEqual(postgres);
  expect(typesOf(await serverOf({ type: 'pglite', path: './data/scene', schema: 'scene' }))).toEqual(postgres);
  expect(typesOf(await serverOf({ type: 'bigquery', projectId: 'p', dataset: 'd' }))).toEqual(
    new Set(['STRING', 'INT64', 'BOOL', 'TIMESTAMP', 'DATE']),
  );
  expect(typesOf(await serverOf({ type: './own-loader.js' }))).toEqual(new Set([undefined]));
});
