import { expect, test } from 'vitest';
import { parentRunOf } from '../../../../src/telemetry/lineage/parent-run.ts';

const id = '01941f29-7c00-7087-8940-40e5a7f1b2b3';
const rootId = '01941f29-7c00-7087-8940-40e5a7f1b2b4';

function read(environment: Readonly<Record<string, string>>) {
  const warnings: string[] = [];
  return { parent: parentRunOf(environment, (text) => void warnings.push(text)), warnings };
}

test('the parent is what Airflow gives, with its root', () => {
  const OPENLINEAGE_PARENT_ID = `default/dag.task/${id}`;
  const parent = { run: { runId: id }, job: { namespace: 'default', name: 'dag.task' } };
  expect(read({ OPENLINEAGE_PARENT_ID })).toEqual({ parent, warnings: [] });
  const root = { run: { runId: rootId }, job: { namespace: 'airflow://host', name: 'dag' } };
  const withRoot = { OPENLINEAGE_PARENT_ID, OPENLINEAGE_ROOT_PARENT_ID: `airflow://host/dag/${rootId}` };
  expect(read(withRoot)).toEqual({ parent: { ...parent, root }, warnings: [] });
});

test.each(['dag.task', `default/${id}`, 'default/dag.task/1', `/dag/${id}`, `default/dag.task/${id}/`])(
  '%j is no parent, which is a warning',
  (text) => {
    const warning = 'OPENLINEAGE_PARENT_ID is not NAMESPACE/JOB/RUN with a UUID as run';
    expect(read({ OPENLINEAGE_PARENT_ID: text })).toEqual({ parent: null, warnings: [warning] });
  },
);

test('a wrong root leaves the parent, and none is none', () => {
  expect(read({ OPENLINEAGE_PARENT_ID: `a/b/${id}`, OPENLINEAGE_ROOT_PARENT_ID: 'x' })).toEqual({
    parent: { run: { runId: id }, job: { namespace: 'a', name: 'b' } },
    warnings: ['OPENLINEAGE_ROOT_PARENT_ID is not NAMESPACE/JOB/RUN with a UUID as run'],
  });
  expect(read({ OPENLINEAGE_PARENT_ID: '' })).toEqual({ parent: null, warnings: [] });
});
