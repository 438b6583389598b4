/** The file of config/airflow fits Kubernetes' files and the program. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { expectParsed } from '../support/command-options.ts';
import { root, textOf } from '../support/documents.ts';

const cronJob = parse(textOf('config/kubernetes/cronjob.yaml'), { version: '1.1' });
const pod = cronJob.spec.jobTemplate.spec.template.spec;
const [container] = pod.containers;

describe('scenedim_dag.py', () => {
  const dag = textOf('config/airflow/scenedim_dag.py');
  const nameOf = (pattern: RegExp) => pattern.exec(dag)?.slice(1);
  const withPython = describeWithPython();

  withPython('is Python, and gives its operators what they know', async () => {
    const script = `
import ast, json, sys
tree = ast.parse(sys.stdin.read())
calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
imported = [name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names]
print(json.dumps({'imported': imported, 'calls': {c.func.id: [k.arg for k in c.keywords] for c in calls}}))`;
    const running = promisify(execFile)('python3', ['-c', script]);
    running.child.stdin?.end(dag);
    const { imported, calls } = JSON.parse((await running).stdout);
    expect(Object.keys(calls).filter((name) => !imported.includes(name))).toEqual([]);
    expect(calls.DAG).toEqual(expect.arrayContaining(['schedule', 'start_date', 'catchup']));
    expect(calls.KubernetesPodOperator).toEqual(
      expect.arrayContaining(['task_id', 'image', 'arguments', 'secrets', 'volumes', 'volume_mounts', 'retries']),
    );
  });

  test('skips on 99 where that is not the default, and keeps secrets out of env_vars', () => {
    const inPod = dag.slice(dag.indexOf('in_a_pod = '));
    expect(inPod).toContain('skip_on_exit_code=99');
    expect(dag).not.toContain('env_vars');
  });

  test('has the schedule of the CronJob, and one run at a time', () => {
    expect(nameOf(/schedule="(.*?)"/)).toEqual([cronJob.spec.schedule]);
    expect(dag).toContain('max_active_runs=1');
  });

  test('gives the pod the config map and the secrets of the CronJob', () => {
    const [config, secret] = pod.volumes;
    const [configMount, secretMount] = container.volumeMounts;
    expect(nameOf(/V1Volume\(name="(.*?)", config_map=V1ConfigMapVolumeSource\(name="(.*?)"\)\)/)).toEqual([
      config.name,
      config.configMap.name,
    ]);
    expect(nameOf(/V1VolumeMount\(name="(.*?)", mount_path="(.*?)", read_only=True\)/)).toEqual([
      configMount.name,
      configMount.mountPath,
    ]);
    expect(nameOf(/Secret\("volume", "(.*?)", "(.*?)"\)/)).toEqual([secretMount.mountPath, secret.secret.secretName]);
    const { name, valueFrom } = container.env[0];
    const { name: from, key } = valueFrom.secretKeyRef;
    expect(nameOf(/Secret\("env", "(.*?)", "(.*?)", "(.*?)"\)/)).toEqual([name, from, key]);
    expect(nameOf(/image="(.*?)"/)).toEqual([container.image]);
  });

  test('calls commands that the program takes', async () => {
    const [list = ''] = nameOf(/arguments=(\[.*\])/) ?? [];
    const [onWorker = ''] = nameOf(/bash_command="scenedim (.*?)"/) ?? [];
    await expectParsed(JSON.parse(list) as string[]);
    await expectParsed(onWorker.split(' '));
  });
});

/** Python is no need of this project's tests, except of `.ci/run`. */
function describeWithPython(): (name: string, body: () => Promise<void>) => void {
  const there = spawnSync('python3', ['--version'], { cwd: root }).status === 0;
  if (there || process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') return test;
  // biome-ignore lint/suspicious/noSkippedTests: visibly, and never in CI
  return (name) => test.skip(`${name} (no python3)`, () => {});
}
