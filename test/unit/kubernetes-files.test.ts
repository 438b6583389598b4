/** The files of config/kubernetes fit the program and each other. What Kubernetes says of them: test/operators/kubernetes.test.ts. */
import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { GRACE } from '../../src/commands/session/stop-signals.ts';
import { parseConfigDocument } from '../../src/config/config-document.ts';
import { requireDuration } from '../../src/config/duration.ts';
import { validateConfig } from '../../src/config/validate-config.ts';
import { errorCodes } from '../../src/errors.ts';
import { expectParsed } from '../support/command-options.ts';
import { root, textOf } from '../support/documents.ts';

const folder = 'config/kubernetes';
// As Kubernetes reads it: 0440 is octal.
const read = (name: string) => parse(textOf(`${folder}/${name}`), { version: '1.1' });
const cronJob = read('cronjob.yaml');
const job = cronJob.spec.jobTemplate.spec;
const { metadata, spec: pod } = job.template;
const [container] = pod.containers;
const readme = textOf(`${folder}/README.md`);

/** Seconds of an option of the container, like `--timeout`. */
function secondsOf(option: string): number {
  return requireDuration(container.args[container.args.indexOf(option) + 1], option) / 1000;
}

describe('cronjob.yaml', () => {
  test('lets one run at a time, none for ever, and none be missed for good', () => {
    const { concurrencyPolicy, startingDeadlineSeconds } = cronJob.spec;
    expect({ kind: cronJob.kind, concurrencyPolicy }).toEqual({ kind: 'CronJob', concurrencyPolicy: 'Forbid' });
    expect(startingDeadlineSeconds).toBeGreaterThanOrEqual(300);
    expect(startingDeadlineSeconds).toBeLessThanOrEqual(3600);
    expect(job.activeDeadlineSeconds).toBeLessThan(3600);
  });

  test('lets a run end itself, by its own time limit or when it is told to, before it is killed', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(requireDuration(GRACE, '--grace') / 1000);
    expect(container.args).not.toContain('--grace');
    expect(secondsOf('--timeout')).toBeLessThan(job.activeDeadlineSeconds - pod.terminationGracePeriodSeconds);
    expect(secondsOf('--lock-timeout')).toBeLessThan(secondsOf('--timeout'));
    expect(secondsOf('--max-age')).toBeLessThan(3600);
  });

  test('repeats what may get better and nothing else', () => {
    const [never, ...others] = job.podFailurePolicy.rules;
    expect(pod.restartPolicy).toBe('Never');
    expect(never).toEqual({
      action: 'FailJob',
      onExitCodes: { containerName: container.name, operator: 'In', values: hopeless() },
    });
    expect(others.map((rule: { action: string }) => rule.action)).toEqual(['Ignore']);
    expect(container.args).not.toContain('--skip-exit-code');
    const [, told = ''] = /\*\*Exit codes\.\*\* ([\d, and]+) do\s+not get better/.exec(readme) ?? [];
    expect(told.match(/\d+/g)?.map(Number)).toEqual(hopeless());
  });

  test('hardens the pod and mounts secrets as files', () => {
    const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext;
    expect([pod.securityContext.runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation]).toEqual([
      true,
      true,
      false,
    ]);
    expect([capabilities.drop, pod.automountServiceAccountToken]).toEqual([['ALL'], false]);
    const secrets = pod.volumes.filter((volume: object) => 'secret' in volume);
    expect(secrets.map(({ secret }: { secret: { defaultMode: number } }) => secret.defaultMode)).toEqual([
      0o440, 0o440,
    ]);
    expect(container.env).toBeUndefined();
    // Variables of services would be read as PG… and the like.
    expect(pod.enableServiceLinks).toBe(false);
  });

  test('calls a command that the program takes', () => expectParsed(container.args));

  test('mounts the config where the image looks for it, and the secrets where the config does', () => {
    const [config, wechat, database] = container.volumeMounts;
    const { WORKDIR: workdir } = Object.fromEntries(
      [...textOf('Dockerfile').matchAll(/^(WORKDIR) (.*)$/gm)].map(([, name = '', value]) => [name, value]),
    );
    const [volume] = pod.volumes;
    expect([config.name, config.mountPath]).toEqual([volume.name, `${workdir}/config`]);
    const [generator] = read('kustomization.yaml').configMapGenerator;
    expect([volume.configMap.name, generator.files]).toEqual([generator.name, ['scenedim.yaml']]);
    const { source, target } = read('scenedim.yaml');
    for (const [file, mount] of [
      [source.accounts[0].appSecret.file, wechat],
      [target.passwordFile, database],
    ] as const) {
      expect(dirname(file)).toBe(mount.mountPath);
      const { secret } = pod.volumes.find(({ name }: { name: string }) => name === mount.name);
      expect(readme).toContain(`create secret generic ${secret.secretName} --from-file=${basename(file)}=`);
    }
  });
});

test.each(['scenedim.yaml', 'bigquery/scenedim.yaml'])('%s is a valid config', (name) => {
  expect(validateConfig(parseConfigDocument(textOf(`${folder}/${name}`), name, {}), [])).toBeTypeOf('object');
});

describe('kustomization.yaml', () => {
  const kustomization = read('kustomization.yaml');

  test('names every file of the folder, and every folder as a component that may be taken', () => {
    const files = globSync('**/*.yaml', { cwd: `${root}${folder}` }).filter(
      (name) => !name.endsWith('kustomization.yaml'),
    );
    const named = ['.', ...components()].flatMap((place) => {
      const { resources = [], patches = [], configMapGenerator = [] } = read(`${place}/kustomization.yaml`);
      const names = [...resources, ...patches.map((patch: { path: string }) => patch.path)];
      const generated = configMapGenerator.flatMap(({ files: some }: { files: string[] }) => some);
      return [...names, ...generated].map((name) => (place === '.' ? name : `${place}/${name}`));
    });
    expect(named.sort()).toEqual(files.sort());
    expect(globSync('*/', { cwd: `${root}${folder}` }).sort()).toEqual(components().sort());
  });

  test('gives the image of the CronJob its tag, which is the version of the program', () => {
    const { version } = JSON.parse(textOf('package.json'));
    const [{ name, newTag }] = kustomization.images;
    expect([`${name}:${newTag}`, newTag]).toEqual([container.image, version]);
  });

  function components(): string[] {
    return [...textOf(`${folder}/kustomization.yaml`).matchAll(/^# {3}- (\w+)/gm)].map(([, name = '']) => name);
  }
});

describe('the network policies', () => {
  const policies = ['network-policy.yaml', 'bigquery/metadata-server.yaml'].flatMap((name) =>
    parseAllDocuments(textOf(`${folder}/${name}`)).map((document) => document.toJS()),
  );

  test('are those of the pods, and let nothing in', () => {
    expect(policies).toHaveLength(3);
    for (const { spec } of policies) expect(spec.podSelector.matchLabels).toEqual(metadata.labels);
    const [first] = policies;
    expect([first.spec.policyTypes, first.spec.ingress]).toEqual([['Ingress', 'Egress'], undefined]);
    expect(policies.flatMap(({ spec }) => spec.ingress ?? [])).toEqual([]);
  });

  test('let out to the port of the database that the config names', () => {
    const { port } = new URL(read('scenedim.yaml').target.url);
    expect(policies[1].spec.egress[0].ports).toEqual([{ protocol: 'TCP', port: Number(port) }]);
  });
});

describe('shards/', () => {
  const patch = read('shards/cronjob.yaml').spec.jobTemplate.spec;

  test('makes as many pods as the program is told', () => {
    const { completionMode, completions, parallelism, template } = patch;
    const [patched] = template.spec.containers;
    expect([completionMode, parallelism, patched.name, patched.env]).toEqual([
      'Indexed',
      completions,
      container.name,
      [{ name: 'SHARD_COUNT', value: String(completions) }],
    ]);
  });

  test('fails a pod where the CronJob fails the job, and gives each pod the tries of the job', () => {
    const [never, ...others] = job.podFailurePolicy.rules;
    expect(patch.podFailurePolicy.rules).toEqual([{ ...never, action: 'FailIndex' }, ...others]);
    expect([patch.backoffLimit, patch.backoffLimitPerIndex]).toEqual([null, job.backoffLimit]);
  });
});

describe('bigquery/', () => {
  test('acts as the service account of which BigQuery’s page tells, and takes what it patches away', () => {
    const { metadata: patched } = read('bigquery/service-account.yaml');
    const { metadata: own } = read('service-account.yaml');
    expect([patched.name, pod.serviceAccountName]).toEqual([own.name, own.name]);
    const [account] = Object.values<string>(patched.annotations);
    expect(textOf('config/bigquery/setup.sh')).toContain(account?.replace('my-project', '$project'));
    expect(readme).toContain(account);
    const [document] = parseAllDocuments(textOf(`${folder}/bigquery/no-database.yaml`));
    const patch = document?.toJS().spec.jobTemplate.spec.template.spec;
    const [, , database] = container.volumeMounts;
    expect(patch.volumes).toEqual([{ name: database.name, $patch: 'delete' }]);
    expect(patch.containers[0].volumeMounts).toEqual([{ mountPath: database.mountPath, $patch: 'delete' }]);
  });
});

/** Exit codes of which no error ever gets better by trying again; 70 and 74 are tried again all the same. */
function hopeless(): number[] {
  const codes = Object.values(errorCodes);
  const hopeful = codes.filter(({ retryable }) => retryable).map(({ exitCode }) => exitCode as number);
  const others = new Set(codes.map(({ exitCode }) => exitCode as number));
  for (const code of [...hopeful, errorCodes.internal.exitCode, errorCodes.file_unusable.exitCode]) others.delete(code);
  return [...others].sort((a, b) => a - b);
}
