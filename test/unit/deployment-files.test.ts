/** The files of config/kubernetes, config/airflow and config/bigquery are what their tools and the program take. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfigDocument } from '../../src/config/config-document.ts';
import { validateConfig } from '../../src/config/validate-config.ts';
import { errorCodes } from '../../src/errors.ts';
import { grantDataEditor, grantJobUser } from '../../src/load/bigquery/errors/grants.ts';
import { runBigquerySetup, setupScript } from '../support/bigquery-setup.ts';
import { expectParsed } from '../support/command-options.ts';
import { root, textOf } from '../support/documents.ts';

// As Kubernetes reads it: 0440 is octal.
const cronJob = parse(textOf('config/kubernetes/cronjob.yaml'), { version: '1.1' });
const job = cronJob.spec.jobTemplate.spec;
const pod = job.template.spec;
const [container] = pod.containers;
const configMap = parse(textOf('config/kubernetes/config-map.yaml'));

describe('cronjob.yaml', () => {
  test('lets one run at a time, none for ever, and none be missed for good', () => {
    const { concurrencyPolicy, startingDeadlineSeconds } = cronJob.spec;
    expect({ kind: cronJob.kind, concurrencyPolicy }).toEqual({ kind: 'CronJob', concurrencyPolicy: 'Forbid' });
    expect(startingDeadlineSeconds).toBeGreaterThanOrEqual(300);
    expect(startingDeadlineSeconds).toBeLessThanOrEqual(3600);
    expect(job.activeDeadlineSeconds).toBeGreaterThan(0);
    expect(job.activeDeadlineSeconds).toBeLessThan(3600);
  });

  test('repeats what may get better and nothing else', () => {
    const [never] = job.podFailurePolicy.rules;
    expect(pod.restartPolicy).toBe('Never');
    expect(never).toEqual({
      action: 'FailJob',
      onExitCodes: { containerName: container.name, operator: 'In', values: [64, 65, 77, 78] },
    });
    const codes = Object.values(errorCodes);
    const retryable = codes.filter((each) => each.retryable);
    expect(retryable.filter(({ exitCode }) => never.onExitCodes.values.includes(exitCode))).toEqual([]);
    // A defect may be one of the moment, a disk may get room, and a quota begins anew.
    const others = codes.filter((each) => !each.retryable && !never.onExitCodes.values.includes(each.exitCode));
    expect(new Set(others.map(({ exitCode }) => exitCode))).toEqual(new Set([70, 74, 75]));
    expect(container.args).not.toContain('--skip-exit-code');
  });

  test('hardens the pod and mounts secrets as files', () => {
    const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext;
    expect([pod.securityContext.runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation]).toEqual([
      true,
      true,
      false,
    ]);
    expect([capabilities.drop, pod.automountServiceAccountToken]).toEqual([['ALL'], false]);
    const [secret] = pod.volumes.filter((volume: object) => 'secret' in volume);
    expect(secret.secret.defaultMode).toBe(0o440);
    expect(container.env.every((variable: object) => 'valueFrom' in variable)).toBe(true);
  });

  test('calls a command that the program takes', () => expectParsed(container.args));

  test('mounts the config map where the image looks for the config, and the secret where the config does', () => {
    const [config, secret] = container.volumeMounts;
    const { WORKDIR: workdir } = Object.fromEntries(
      [...textOf('Dockerfile').matchAll(/^(WORKDIR) (.*)$/gm)].map(([, name = '', value]) => [name, value]),
    );
    const [volume, secretVolume] = pod.volumes;
    expect([config.name, config.mountPath]).toEqual([volume.name, `${workdir}/config`]);
    expect([volume.configMap.name, Object.keys(configMap.data)]).toEqual([configMap.metadata.name, ['scenedim.yaml']]);
    expect(secret.name).toBe(secretVolume.name);
    const { file } = parse(configMap.data['scenedim.yaml']).source.accounts[0].appSecret;
    expect(file).toBe(`${secret.mountPath}/app-secret`);
    const readme = textOf('config/kubernetes/README.md');
    expect(readme).toContain(`create secret generic ${secretVolume.secret.secretName} --from-file=app-secret=`);
    const { name, key } = container.env[0].valueFrom.secretKeyRef;
    expect(readme).toContain(`create secret generic ${name} --from-file=${key}=`);
  });
});

test('config-map.yaml holds a valid config', () => {
  expect(configMap.kind).toBe('ConfigMap');
  const document = parseConfigDocument(configMap.data['scenedim.yaml'], 'scenedim.yaml', {});
  expect(validateConfig(document, [])).toBeTypeOf('object');
});

test('shards.yaml makes as many pods as the program is told, and a variable is not one of a service', () => {
  const patch = parse(textOf('config/kubernetes/shards.yaml'));
  const { completionMode, completions, parallelism, template } = patch.spec.jobTemplate.spec;
  const [patched] = template.spec.containers;
  expect([completionMode, parallelism, patched.name, patched.env]).toEqual([
    'Indexed',
    completions,
    container.name,
    [{ name: 'SHARD_COUNT', value: String(completions) }],
  ]);
  expect(pod.enableServiceLinks).toBe(false);
});

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

describe('setup.sh', () => {
  const account = 'scenedim@my-project.iam.gserviceaccount.com';
  const names = { projectId: 'my-project', dataset: 'scene', member: `serviceAccount:${account}` };
  const env = { PROJECT: 'my-project', LOCATION: 'asia-east1' };
  const wordsOf = (command: string) => command.split(' ');

  test('is a script that bash takes, and stops at the first failure', () => {
    execFileSync('bash', ['-n', setupScript]);
    expect(statSync(setupScript).mode & 0o111).toBe(0o111);
    expect(textOf('config/bigquery/setup.sh')).toContain('\nset -euo pipefail\n');
    const { status, stderr } = spawnSync(setupScript, [], { env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining('PROJECT: the project that holds')]);
  });

  test('gives the roles that the program asks for, and makes what is not there', async () => {
    expect(await runBigquerySetup(env, { found: false })).toEqual([
      wordsOf(`gcloud iam service-accounts describe ${account} --project=my-project`),
      wordsOf('gcloud iam service-accounts create scenedim --project=my-project'),
      [...wordsOf(grantJobUser(names)), '--condition=None'],
      wordsOf('bq --project_id=my-project show --dataset my-project:scene'),
      wordsOf('bq --project_id=my-project --location=asia-east1 mk --dataset my-project:scene'),
      [
        ...wordsOf('bq --project_id=my-project --location=asia-east1 query --use_legacy_sql=false'),
        grantDataEditor(names),
      ],
    ]);
  });

  test('makes nothing a second time, and takes names of your own', async () => {
    const calls = await runBigquerySetup(
      { ...env, DATASET: 'wx', SERVICE_ACCOUNT: 'me@elsewhere.iam.gserviceaccount.com' },
      { found: true },
    );
    expect(calls.map(([tool, ...words]) => `${tool} ${words.join(' ')}`)).toEqual([
      expect.stringContaining('describe me@elsewhere'),
      expect.stringContaining('add-iam-policy-binding'),
      expect.stringContaining('show --dataset my-project:wx'),
      expect.stringContaining("ON SCHEMA `my-project.wx` TO 'serviceAccount:me@elsewhere"),
    ]);
  });
});

/** Python is no need of this project's tests, except of `.ci/run`. */
function describeWithPython(): (name: string, body: () => Promise<void>) => void {
  const there = spawnSync('python3', ['--version'], { cwd: root }).status === 0;
  if (there || process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') return test;
  // biome-ignore lint/suspicious/noSkippedTests: visibly, and never in CI
  return (name) => test.skip(`${name} (no python3)`, () => {});
}
