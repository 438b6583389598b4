/** The DAGs of config/airflow fit Kubernetes' files and the program. What Airflow says of them: test/operators/airflow.test.ts. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { expectParsed } from '../support/command-options.ts';
import { textOf } from '../support/documents.ts';

const cronJob = parse(textOf('config/kubernetes/cronjob.yaml'), { version: '1.1' });
const { podFailurePolicy, template } = cronJob.spec.jobTemplate.spec;
const [container] = template.spec.containers;
const onWorker = textOf('config/airflow/scenedim_on_worker.py');
const inPod = textOf('config/airflow/scenedim_in_pod.py');
/** As Airflow renders it in a first try. */
const rendered = (text: string) => text.replace('{{ 99 if ti.try_number == 1 else 0 }}', '99');
const stringsIn = (text = '') => [...text.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word);

describe.each([
  ['scenedim_on_worker', onWorker],
  ['scenedim_in_pod', inPod],
])('%s', (name, dag) => {
  test('has the schedule of the CronJob, and one run at a time', () => {
    expect(/schedule="(.*?)"/.exec(dag)?.[1]).toBe(cronJob.spec.schedule);
    expect(dag).toContain('max_active_runs=1');
    expect(/DAG\(\s*"(\w+)"/.exec(dag)?.[1]).toBe(name);
  });

  test('fails without retries where the CronJob does', () => {
    const codes = /\bin \(([\d, ]+)\)/.exec(dag)?.[1]?.split(',').map(Number);
    expect(codes).toEqual(podFailurePolicy.rules[0].onExitCodes.values);
  });

  test('makes the asset of which the README tells', () => {
    expect(textOf('config/airflow/README.md')).toContain(/outlets=\[(.*?)\]/.exec(dag)?.[1]);
  });
});

test('both call commands that the program takes, with the time limits of the CronJob', async () => {
  const command = rendered(stringsIn(/bash_command=\(([\s\S]*?)\n {8}\)/.exec(onWorker)?.[1]).join(''));
  const [program, ...args] = command.split(' ');
  expect(program).toBe('scenedim');
  await expectParsed(args);
  const podArgs = stringsIn(/arguments=\[([\s\S]*?)\n {8}\]/.exec(inPod)?.[1]).map(rendered);
  await expectParsed(podArgs);
  expect(podArgs).toEqual([...container.args, '--skip-exit-code=99']);
  const limits = container.args.slice(container.args.indexOf('--timeout')).join(' ');
  expect(command).toContain(limits);
});

test('the pod skips on 99, is the image of the CronJob, and mounts its secrets', () => {
  expect(inPod).toContain('skip_on_exit_code=99');
  expect(/image="(.*?)"/.exec(inPod)?.[1]).toBe(container.image);
  const mounted = template.spec.volumes.flatMap(
    ({ secret }: { secret?: { secretName: string } }) => secret?.secretName ?? [],
  );
  expect([...inPod.matchAll(/secret_name="(.*?)"/g)].map(([, name]) => name)).toEqual(mounted);
  expect([...inPod.matchAll(/^\s+env_vars=/gm)]).toEqual([]);
});
