import { describe, expect, test } from 'vitest';
import { applyScript } from '../../src/load/bigquery/apply-script.ts';
import { everyStatement } from '../../src/load/bigquery/every-statement.ts';
import type { StagingPartName } from '../../src/load/bigquery/staging-parts.ts';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
} from '../../src/load/contract/sample-rows.ts';

const place = { projectId: 'p', dataset: 'd' };
const target = { leaseId: 'target', token: 7n };
const shard = { leaseId: 'shard-0-of-2', token: 3n };
const commit = { leaseId: 'commit', token: 9n };
const changeSet = sampleChangeSet(2, {
  observations: [sampleObservation('wx1', instantAt(5)), sampleObservation('wx2', instantAt(1))],
  decisions: [{ appId: 'wx1', observedAt: instantAt(3), status: 'ok', holdReason: 'shrink', decidedAt: instantAt(9) }],
  heads: [sampleHeadChange('wx1', null)],
  versions: [insertOf(sampleVersion('wx1', '1', instantAt(0)))],
});
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
    const { sql, parameters } = applyScript(place, sampleChangeSet(2, { payloads: [] }), {}, [target]);
    expect(outline(sql)).toEqual([
      'BEGIN TRANSACTION',
      'UPDATE scene_lease',
      'scenedim: lease lost',
      'scenedim: batch applied already',
      'MERGE scene_run',
      'COMMIT TRANSACTION',
    ]);
    const given = (name: string) => parameters?.find((each) => each.name === name)?.parameterValue.value;
    expect([given('lease_id_0'), given('lease_token_0'), given('first_unapplied'), given('batches')]).toEqual([
      'target',
      '7',
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
    const { sql } = applyScript(place, changeSet, sources, [shard, commit]);
    expect(outline(sql)).toEqual([
      'BEGIN TRANSACTION',
      'UPDATE scene_lease',
      'scenedim: lease lost',
      'scenedim: commit lease lost',
      'scenedim: batch applied already',
      'scenedim: stale heads',
      'INSERT INTO scene_payload',
      'scenedim: stale rows',
      'INSERT INTO scene_observation',
      'scenedim: stale rows',
      'MERGE scene_observation',
      'INSERT INTO scene_reject',
      'scenedim: stale rows',
      'MERGE dim_scene',
      'scenedim: versions overlap',
      'MERGE scene_account',
      'MERGE scene_run',
      'COMMIT TRANSACTION',
    ]);
  });

  test('has the statements of a part only with that part', () => {
    const without = outline(applyScript(place, changeSet, {}, [target]).sql);
    const added = (name: StagingPartName) =>
      outline(applyScript(place, changeSet, source(name), [target]).sql).filter((line) => !without.includes(line));
    expect(added('payload')).toEqual(['INSERT INTO scene_payload']);
    expect(added('observation')).toEqual(['scenedim: stale rows', 'INSERT INTO scene_observation']);
    expect(added('decision')).toEqual(['scenedim: stale rows', 'MERGE scene_observation']);
    expect(added('reject')).toEqual(['INSERT INTO scene_reject']);
    expect(added('version')).toEqual(['scenedim: stale rows', 'MERGE dim_scene', 'scenedim: versions overlap']);
    expect(added('head')).toEqual(['scenedim: stale heads', 'MERGE scene_account']);
  });

  test('gives the commit lease back, and holds the others', () => {
    expect(applyScript(place, changeSet, {}, [shard, commit]).sql).toContain(
      `SET expires_at = IF(lease_id = 'commit', TIMESTAMP_MICROS(0), expires_at)`,
    );
    expect(applyScript(place, changeSet, {}, [target]).sql).toContain('SET expires_at = expires_at\n');
  });

  test('names the span of its observations, so that other partitions stay unread', () => {
    const { parameters } = applyScript(place, changeSet, source('observation'), [target]);
    const spans = parameters?.filter(({ name }) => name.endsWith('_observed'));
    expect(spans?.map(({ parameterValue }) => parameterValue.value)).toEqual([
      '2026-01-01T00:00:01.000002Z',
      '2026-01-01T00:00:05.000006Z',
    ]);
  });

  test('has a value for every parameter that it names, and no other', () => {
    const sources = { ...source('observation'), ...source('decision'), ...source('version') };
    for (const given of [{}, sources]) {
      const { sql, parameters } = applyScript(place, changeSet, given, [shard, commit]);
      const named = new Set([...sql.matchAll(/@(\w+)/g)].map(([, name]) => name));
      expect(new Set(parameters?.map(({ name }) => name))).toEqual(named);
    }
  });
});

describe('the statements', () => {
  const statements = everyStatement(place);

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
