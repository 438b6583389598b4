/** A name in the config is a name in every statement, whatever it looks like to SQL or psql. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { listMigrationFiles } from '../../src/load/migration-files.ts';
import { parsePgliteConfig } from '../../src/load/pglite/pglite-config.ts';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { quoteBlock, quoteIdentifier } from '../../src/load/postgres-sql/quote-sql.ts';
import { createLoader } from '../../src/load/registry.ts';
import { describePostgres } from '../support/postgres.ts';
import { oneAccount, open, query, signal } from '../support/postgres-loader-fixture.ts';
import { psqlOf } from '../support/postgres-server.ts';

const pwned = 'create table public.pwned(); --';
const hostile = [
  `"; ${pwned}`,
  `'; ${pwned}`,
  `$$; ${pwned}`,
  `$block$; ${pwned}`,
  '$$x$$',
  '$_block$ $block$',
  ':SCHEMA',
  ':TIME_ZONE',
  `:'x' :"x" :x`,
  '\\! touch pwned',
  '\\gexec',
  "E'\\''",
  'U&"x"',
  '-- x',
  '/* x',
  '*/ x',
  '%s $1 ?',
  'a.b',
  '模式 🎉',
  ' ',
];
const tables = `select count(*)::integer as n from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = $1 and relkind in ('r', 'v')`;
const strangers = `select relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public'`;

describePostgres(
  'a hostile schema name',
  ({ createDatabase, server }) => {
    test.each(hostile)('%s is migrated, written, read and checked', async (schema) => {
      await using database = await createDatabase();
      await using loader = await open(database.url, { schema, applicationName: schema });
      await loader.migrate(sampleSettings, signal);
      await loader.apply(oneAccount('wx1'), signal);
      expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
      expect(await query(database.url, tables, [schema])).toEqual([{ n: 16 }]);
      expect(await query(database.url, strangers)).toEqual([]);
    });

    test.each(hostile)('%s is one in the script that psql runs, with a role of that name', async (name) => {
      await using database = await createDatabase();
      await query(database.url, `create role ${quoteIdentifier(name)}`);
      try {
        await using loader = await open(database.url, { schema: name, readers: [name] });
        const script = loader.migrationSql(sampleSettings);
        for (let run = 0; run < 2; run += 1) {
          execFileSync(psqlOf(server), ['-qX', '-v', 'ON_ERROR_STOP=1', '-v', 'x=y', '-d', database.url], {
            input: script,
            stdio: ['pipe', 'pipe', 'pipe'],
          });
        }
        expect(await query(database.url, tables, [name])).toEqual([{ n: 16 }]);
        expect(await query(database.url, strangers)).toEqual([]);
        expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
      } finally {
        await query(database.url, `drop owned by ${quoteIdentifier(name)}`);
        await query(database.url, `drop role ${quoteIdentifier(name)}`);
      }
    });
  },
  { versions: 'newest' },
);

describe('a hostile schema name in PGlite', () => {
  it.each(hostile)('%s is migrated, written and read', async (schema) => {
    await using loader = await createLoader({ type: 'pglite', path: 'memory://', schema });
    await loader.migrate(sampleSettings, signal);
    await loader.apply(oneAccount('wx1'), signal);
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });
});

describe('a name with a control character', () => {
  const invisible = ['\n', '\r', '\r\n', '\t', '\0', '\u0085', '\u2028', '\u2029', '\x1b[2J', '\x7f'];

  it.each(invisible.map((it) => [JSON.stringify(it), `scene${it}; ${pwned}`]))('%s is refused', (_shown, name) => {
    const refused = expect.objectContaining({ code: 'config_invalid' });
    const problem = (parse: () => unknown) => {
      try {
        return parse();
      } catch (error) {
        return error;
      }
    };
    const postgres = { type: 'postgres', url: 'postgres://h/d' };
    expect(problem(() => parsePgliteConfig({ type: 'pglite', schema: name }))).toEqual(refused);
    for (const section of [
      { schema: name },
      { readers: [name] },
      { applicationName: name },
      { url: `postgres://h/${name}` },
    ]) {
      expect(problem(() => parsePostgresConfig({ ...postgres, ...section }))).toEqual(refused);
    }
    const bigquery = { type: 'bigquery', projectId: 'p' };
    for (const section of [
      { projectId: name },
      { dataset: name },
      { location: name },
      { labels: { a: name } },
      { labels: { [name]: 'a' } },
      { impersonate: `${name}@x` },
    ]) {
      expect(problem(() => parseBigQueryConfig({ ...bigquery, ...section }))).toEqual(refused);
    }
  });

  it('is half a surrogate pair, or what Postgres would cut', () => {
    for (const schema of ['a\ud800', 'a'.repeat(64), '式'.repeat(22)]) {
      expect(() => parsePgliteConfig({ type: 'pglite', schema })).toThrow(/^target.schema: /);
      expect(() => parsePostgresConfig({ type: 'postgres', readers: [schema] })).toThrow(/^target.readers.0: /);
    }
  });
});

describe('the SQL files', () => {
  it.each(['postgres', 'bigquery'] as const)(
    'of %s hold no placeholder in a comment, a literal or a block',
    (dialect) => {
      for (const { file } of listMigrationFiles(dialect)) {
        const text = readFileSync(file, 'utf8');
        const lines = text.split('\n');
        expect(lines.filter((line) => /--.*:[A-Z_]{3,}/.test(line))).toEqual([]);
        expect(text).not.toMatch(/\/\*|\$\w*\$/);
        expect(text.match(/'[^'\n]*:[A-Z_]{3,}[^'\n]*'/g) ?? []).toEqual([]);
        if (dialect === 'bigquery') expect(text.match(/(?<!`):DATASET/g) ?? []).toEqual([]);
      }
    },
  );

  it('are put between dollar signs that the block does not hold', () => {
    for (const block of ['', '$$', '$block$', '$_block$ $block$', '$__block$$_block$$block$']) {
      const quoted = quoteBlock(block);
      const tag = /^\$\w+\$/.exec(quoted)?.[0] ?? '';
      expect(quoted.split(tag)).toEqual(['', block, '']);
    }
  });
});
