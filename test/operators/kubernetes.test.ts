/** The manifests of config/kubernetes in Kubernetes' own validators: each file, and what the Kustomization makes of them. */

import { globSync } from 'node:fs';
import { appendFile, cp, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { root, textOf } from '../support/documents.ts';
import { describeWithTool } from '../support/installed-tool.ts';
import { kubernetesValidators, kustomize, validate } from './kubernetes-validators.ts';

const folder = 'config/kubernetes';
const whole = { code: 0, lines: expect.arrayContaining([expect.stringMatching(/ is right$/)]) };

/** Files that are applied as they are. Patches and configs are seen in what the Kustomization makes. */
const complete = globSync('**/*.yaml', { cwd: `${root}${folder}` }).filter((name) =>
  isComplete(textOf(`${folder}/${name}`)),
);

function isComplete(yaml: string): boolean {
  const objects = parseAllDocuments(yaml).map((document) => document.toJS());
  return objects.every(({ kind, spec, metadata, $patch }) => {
    if ($patch !== undefined || kind === undefined || kind === 'Kustomization' || kind === 'Component') return false;
    if (kind === 'CronJob') return spec.schedule !== undefined;
    return kind !== 'ServiceAccount' || metadata.annotations === undefined;
  });
}

/** A copy of the folder, as an operator makes it, that takes these components; resolves with what is applied. */
async function applied(components: readonly string[], edit?: (copy: string) => Promise<void>): Promise<string> {
  await using copy = await mkdtempDisposable(join(tmpdir(), 'scenedim-kustomize-'));
  await cp(`${root}${folder}`, copy.path, { recursive: true });
  if (components.length > 0) {
    const list = components.map((name) => `\n  - ${name}`).join('');
    await appendFile(join(copy.path, 'kustomization.yaml'), `components:${list}\n`);
  }
  await edit?.(copy.path);
  return await kustomize(copy.path);
}

// biome-ignore lint/suspicious/noExplicitAny: a manifest of any kind
function objectsOf(yaml: string): ReadonlyMap<string, any> {
  const objects = parseAllDocuments(yaml).map((document) => document.toJS());
  return new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

const jobOf = (yaml: string) => objectsOf(yaml).get('CronJob scenedim').spec.jobTemplate.spec;

describeWithTool('Kubernetes', kubernetesValidators, () => {
  test.each(complete)('takes %s', async (name) => {
    const said = await validate(textOf(`${folder}/${name}`));
    expect(said).toEqual(whole);
  });

  test('mounts a CA of the database where the document says that the url finds it', async () => {
    const [, files = '', path = ''] =
      /`(files: [^`]+)`, and `&sslrootcert=([^`]+)`/.exec(textOf(`${folder}/README.md`).replaceAll(/\s+/g, ' ')) ?? [];
    const yaml = await applied([], async (copy) => {
      await writeFile(join(copy, 'db-ca.pem'), 'a certificate');
      const kustomization = await readFile(join(copy, 'kustomization.yaml'), 'utf8');
      await writeFile(join(copy, 'kustomization.yaml'), kustomization.replace('files: [scenedim.yaml]', files));
    });
    const [container] = jobOf(yaml).template.spec.containers;
    const mount = container.volumeMounts.find(({ name }: { name: string }) => name === 'config');
    const data = Object.entries(objectsOf(yaml).get('ConfigMap scenedim').data);
    expect(data.map(([name, text]) => [join(mount.mountPath, name), text])).toContainEqual([path, 'a certificate']);
  });

  test('was asked about every file that is a manifest', () => {
    const names = ['bigquery/metadata-server.yaml', 'cronjob.yaml', 'network-policy.yaml', 'service-account.yaml'];
    expect(complete.sort()).toEqual(names);
  });

  test.each([[], ['shards'], ['bigquery'], ['shards', 'bigquery'], ['bigquery', 'shards']].map((all) => ({ all })))(
    'takes what the Kustomization makes with the components $all',
    async ({ all }) => {
      const yaml = await applied(all);
      expect(await validate(yaml)).toEqual(whole);
      const isBigquery = all.includes('bigquery');
      expect([...objectsOf(yaml).keys()].sort()).toEqual([
        'ConfigMap scenedim',
        'CronJob scenedim',
        'NetworkPolicy scenedim',
        isBigquery ? 'NetworkPolicy scenedim-metadata-server' : 'NetworkPolicy scenedim-database',
        'ServiceAccount scenedim',
      ]);
      const config = await readFile(`${root}${folder}/${isBigquery ? 'bigquery/' : ''}scenedim.yaml`, 'utf8');
      expect(objectsOf(yaml).get('ConfigMap scenedim').data).toEqual({ 'scenedim.yaml': config });
      const { completionMode, template } = jobOf(yaml);
      const { containers, volumes } = template.spec;
      const secrets = volumes.flatMap(({ secret }: { secret?: { secretName: string } }) => secret?.secretName ?? []);
      expect([secrets, containers[0].volumeMounts.length]).toEqual(
        isBigquery ? [['scenedim-wechat'], 2] : [['scenedim-wechat', 'scenedim-database'], 3],
      );
      const isSharded = all.includes('shards');
      expect([completionMode, containers[0].env]).toEqual(
        isSharded ? ['Indexed', [{ name: 'SHARD_COUNT', value: '4' }]] : [undefined, undefined],
      );
    },
  );

  test('gets the image and the namespace that an operator writes into kustomization.yaml', async () => {
    const yaml = await applied([], (copy) => appendFile(join(copy, 'kustomization.yaml'), 'namespace: warehouse\n'));
    expect([...objectsOf(yaml).values()].map(({ metadata }) => metadata.namespace)).toEqual(Array(5).fill('warehouse'));
    expect(await validate(yaml)).toEqual(whole);
  });
});

/** What an operator may get wrong, and what the API server says of it. */
const slips: readonly (readonly [before: string, after: string, said: RegExp])[] = [
  ['podFailurePolicy', 'podFailurePolice', /unknown field "spec\.jobTemplate\.spec\.podFailurePolice"/],
  ['concurrencyPolicy: Forbid', 'concurrencyPolicy: Never', /concurrencyPolicy: Unsupported value: "Never"/],
  ['restartPolicy: Never', 'restartPolicy: OnFailure', /only "Never" is supported when podFailurePolicy is specified/],
  ['timeZone: Asia/Shanghai', 'timeZone: Asia/Schanghai', /timeZone: Invalid value: "Asia\/Schanghai"/],
  ['"17 * * * *"', '"77 * * * *"', /schedule: Invalid value: "77 \* \* \* \*"/],
  ['containerName: scenedim', 'containerName: scenedin', /onExitCodes\.containerName: Invalid value: "scenedin"/],
  ['action: FailJob', 'action: FailIndex', /FailIndex/],
  ['defaultMode: 0440', 'defaultMode: "0440"', /defaultMode/],
  [
    'name: wechat\n              secret',
    'name: wechet\n              secret',
    /volumeMounts\[1\]\.name: Not found: "wechat"/,
  ],
  ['memory: 256Mi', 'memory: 1Gi', /must be less than or equal to memory limit/],
];

describeWithTool('Kubernetes refuses', kubernetesValidators, () => {
  test.each(slips)('%j written as %j', async (before, after, said) => {
    const yaml = textOf(`${folder}/cronjob.yaml`);
    expect(yaml).toContain(before);
    const { code, lines } = await validate(yaml.replace(before, after));
    expect([code, lines.join('\n')]).toEqual([1, expect.stringMatching(said)]);
  });

  test('a policy, a patch and a component with a slip', async () => {
    const policy = textOf(`${folder}/network-policy.yaml`);
    expect((await validate(policy.replace('192.0.2.10/32', '192.0.2.10'))).code).toBe(1);
    expect((await validate(policy.replace('podSelector', 'podSelektor'))).code).toBe(1);
    const patched = (before: string, after: string) =>
      applied(['shards'], (copy) => {
        const patch = textOf(`${folder}/shards/cronjob.yaml`);
        expect(patch).toContain(before);
        return writeFile(join(copy, 'shards/cronjob.yaml'), patch.replace(before, after));
      });
    expect((await validate(await patched('parallelism', 'paralelism'))).lines.join()).toContain('paralelism');
    expect((await validate(await patched('backoffLimitPerIndex: 4', ''))).lines.join()).toContain(
      'backoffLimitPerIndex',
    );
    await expect(patched('name: scenedim', 'name: scenedin')).rejects.toThrow('scenedin');
    await expect(applied(['shard'])).rejects.toThrow('shard');
  });

  test('what is no manifest', async () => {
    expect(await validate('a: b\n')).toMatchObject({ code: 1 });
    expect(await validate('')).toMatchObject({ code: 1 });
  });
});
