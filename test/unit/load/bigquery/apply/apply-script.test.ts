import { describe, expect, test } from 'vitest';
import { applyScript } from '../../../../../src/load/bigquery/apply/apply-script.ts';
import type { StagedSources } from '../../../../../src/load/bigquery/apply/apply-statements.ts';
import type { StagingPartName } from '../../../../../src/load/bigquery/apply/staging-parts.ts';
import { everyStatement } from '../../../../../src/load/bigquery/check/every-statement.ts';
import type { Lease } from '../../../../../src/load/bigquery/leases/lease-statements.ts';
import {
  deleteOf,
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
  updateOf,
} from '../../../../../src/load/contract/sample-rows.ts';
import type { ChangeSet } from '../../../../../src/load/loader.ts';

const place = { projectId: 'p', dataset: 'd' };
const target = { leaseId: 'target', holder: 'h7' };
const shard = { leaseId: 'shard-0-of-2', holder: 'h3' };
const commit = { leaseId: 'commit', holder: 'h9' };
const changeSet = sampleChangeSet(2, {
  observations: [sampleObservation('wx1', instantAt(5)), sampleObservation('wx2', instantAt(1))],
  decisions: [
    {
      appId: 'wx1',
      observedAt: instantAt(3),
      status: 'ok',
      holdReason: 'shrink',
      decidedAt: instantAt(9),
      decisionNote: null,
    },
  ],
  heads: [sampleHeadChange('wx1', null)],
  versions: [insertOf(sampleVersion('wx1', '1', instantAt(0)))],
});
const scriptOf = (changes: ChangeSet, sources: StagedSources, leases: readonly Lease[]) =>
  applyScript(place, changes, sources, leases, 300);
const source = (name: StagingPartName) => ({ [name]: `\`p.d.s_${name}\`` });

/** First words of each statement, with the tables that it writes to. */
function outline(sql: string): readonly string[] {
  return sql
    .split(/;\n?\n?/)
    .filter((statement) => statement !== '')
    .map((statement) => {
      const message = /AS '(scenedim: [^']+)'$/.exec(statement)?.[1];
      const [verb] = /^[A-Z]+(?: TRANSACTION| INTO)?/.exec(statement) ?? [''];
      return (
        message ??
        `${verb}${verb === 'BEGIN TRANSACTION' || verb === 'COMMIT TRANSACTION' ? '' : ` ${/`p\.d\.(\w+)`/.exec(statement)?.[1]}`}`
      );
    });
}

describe('the script that applies a batch', () => {
  test('of a run row alone is leases, run and commit', () => {
    const { sql, parameters } = scriptOf(sampleChangeSet(2, { payloads: [] }), {}, [target]);
    expect(outline(sql)).toEqual([
      'BEGIN TRANSACTION',
      'UPDATE scene_lease',
      'scenedim: lease lost',
      'MERGE scene_run',
      'scenedim: batch applied already',
      'COMMIT TRANSACTION',
    ]);
    const given = (name: string) => parameters?.find((each) => each.name === name)?.parameterValue.value;
    expect([given('lease_id_0'), given('lease_holder_0'), given('first_unapplied'), given('batches')]).toEqual([
      'target',
      'h7',
      '3',
      '2',
    ]);
    expect(given('finished_at')).toBeUndefined();
  });

  test('of everything checks leases, batch and heads before it writes, and commits once', () => {
    const sources = Object.assign(
      {},
      ...(['payload', 'observation', 'decision', 'reject', 'version', 'head'] as const).map(source),
    );
    const { sql } = scriptOf(changeSet, sources, [shard, commit]);
    expect(outline(sql)).toEqual([
      'BEGIN TRANSACTION',
      'UPDATE scene_lease',
      'scenedim: lease lost',
      'UPDATE scene_lease',
      'scenedim: commit lease lost',
      'MERGE scene_run',
      'scenedim: batch applied already',
      'MERGE scene_account',
      'scenedim: stale heads',
      'INSERT INTO scene_payload',
      'scenedim: stale rows',
      'INSERT INTO scene_observation',
      'MERGE scene_observation',
      'scenedim: stale rows',
      'INSERT INTO scene_reject',
      'MERGE dim_scene',
      'scenedim: stale rows',
      'scenedim: versions overlap',
      'COMMIT TRANSACTION',
    ]);
  });

  test('has the statements of a part only with that part', () => {
    const without = outline(scriptOf(changeSet, {}, [target]).sql);
    const added = (name: StagingPartName) =>
      outline(scriptOf(changeSet, source(name), [target]).sql).filter((line) => !without.includes(line));
    expect(added('payload')).toEqual(['INSERT INTO scene_payload']);
    expect(added('observation')).toEqual(['scenedim: stale rows', 'INSERT INTO scene_observation']);
    expect(added('decision')).toEqual(['MERGE scene_observation', 'scenedim: stale rows']);
    expect(added('reject')).toEqual(['INSERT INTO scene_reject']);
    expect(added('version')).toEqual(['MERGE dim_scene', 'scenedim: stale rows', 'scenedim: versions overlap']);
    expect(added('head')).toEqual(['MERGE scene_account', 'scenedim: stale heads']);
  });

  test('gives the commit lease back, and renews the others', () => {
    const renewed = 'TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_seconds SECOND)';
    const ends = (...leases: (typeof target)[]) =>
      [...scriptOf(changeSet, {}, leases).sql.matchAll(/SET expires_at = (.*)\nWHERE lease_id = @(\w+) /g)].map(
        ([, end, lease]) => [lease, end],
      );
    expect(ends(shard, commit)).toEqual([
      ['lease_id_0', renewed],
      ['lease_id_1', 'TIMESTAMP_MICROS(0)'],
    ]);
    expect(ends(target)).toEqual([['lease_id_0', renewed]]);
  });

  test('has a clause only for what the batch does, because one that updates bills the whole table', () => {
    const version = sampleVersion('wx1', '1', instantAt(0));
    const insert = insertOf(version);
    const update = updateOf(version, version);
    const remove = deleteOf(version);
    const added = sampleHeadChange('wx1', null);
    const advanced = sampleHeadChange('wx2', 1);
    const verbs = (changes: Partial<ChangeSet>) => {
      const { sql } = scriptOf(sampleChangeSet(2, changes), { ...source('head'), ...source('version') }, [target]);
      const merge = (table: string) => sql.split(';').find((statement) => statement.includes(`MERGE \`p.d.${table}\``));
      return ['scene_account', 'dim_scene'].map((table) =>
        [...(merge(table) ?? '').matchAll(/THEN\s+([A-Z]+)/g)].map(([, verb]) => verb).join(' '),
      );
    };
    expect(verbs({ heads: [added], versions: [insert] })).toEqual(['INSERT', 'INSERT']);
    expect(verbs({ heads: [advanced], versions: [update, insert] })).toEqual(['UPDATE', 'UPDATE INSERT']);
    expect(verbs({ heads: [added, advanced], versions: [remove] })).toEqual(['UPDATE INSERT', 'DELETE']);
    expect(verbs({ heads: [added], versions: [insert, update, remove] })).toEqual(['INSERT', 'DELETE UPDATE INSERT']);
  });

  test('counts the rows that it is to write', () => {
    const sources = Object.assign({}, ...(['head', 'decision', 'version'] as const).map(source));
    const { sql, parameters } = scriptOf(changeSet, sources, [target]);
    const counted = [...sql.matchAll(/@@row_count = (\S+)/g)].map(([, count]) => count);
    expect(counted).toEqual(['1', '1', '@head_rows', '@decision_rows', '@version_rows']);
    const counts = parameters?.filter(({ name }) => name.endsWith('_rows'));
    expect(counts?.map(({ name, parameterValue }) => [name, parameterValue.value])).toEqual([
      ['head_rows', '1'],
      ['decision_rows', '1'],
      ['version_rows', '1'],
    ]);
  });

  test('looks for observations only when one may be stored already, and only where that one may be', () => {
    const late = scriptOf(changeSet, source('observation'), [target]);
    expect(outline(late.sql)).toContain('scenedim: stale rows');
    const spans = late.parameters?.filter(({ name }) => name.endsWith('_observed'));
    expect(spans?.map(({ parameterValue }) => parameterValue.value)).toEqual([
      '2026-01-01T00:00:01.000002Z',
      '2026-01-01T00:00:01.000002Z',
    ]);
    const heads = [sampleHeadChange('wx1', 1, instantAt(5), instantAt(4)), sampleHeadChange('wx2', null)];
    const { sql, parameters } = scriptOf({ ...changeSet, heads }, source('observation'), [target]);
    expect(sql).not.toContain('JOIN');
    expect(parameters?.filter(({ name }) => name.endsWith('_observed'))).toEqual([]);
  });

  test('has a value for every parameter that it names, and no other', () => {
    const sources = { ...source('observation'), ...source('decision'), ...source('version'), ...source('head') };
    for (const given of [{}, sources]) {
      const { sql, parameters } = scriptOf(changeSet, given, [shard, commit]);
      const named = new Set([...sql.matchAll(/(?<!@)@(\w+)/g)].map(([, name]) => name));
      expect(new Set(parameters?.map(({ name }) => name))).toEqual(named);
    }
  });
});

describe('the statements', () => {
  const statements = everyStatement(place).map(({ sql }) => sql);

  test('are many, each once', () => {
    expect(statements.length).toBeGreaterThan(40);
    expect(new Set(statements).size).toBe(statements.length);
  });

  test('never say what only emulators know, or what costs a run its safety', () => {
    for (const sql of statements) {
      expect(sql).not.toMatch(/::|ILIKE|NOT MATCHED BY SOURCE|SELECT \*|INSERT INTO `[^`]*` *SELECT/);
    }
  });
});
