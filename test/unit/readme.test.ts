/** What the README says about commands, settings, codes and formats is what the code has. */
import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { tableCatalogue } from '../../src/catalog/table-catalogue.ts';
import { functionCatalogue, viewCatalogue } from '../../src/catalog/view-catalogue.ts';
import { commandList } from '../../src/commands/command-list.ts';
import { parseConfigDocument } from '../../src/config/config-document.ts';
import { configJsonSchema } from '../../src/config/config-json-schema.ts';
import { optionVariables, settingVariables } from '../../src/config/setting-variables.ts';
import { validateConfig } from '../../src/config/validate-config.ts';
import { errorCodes } from '../../src/errors.ts';
import { parseReplayLine } from '../../src/pipeline/replay-lines/replay-line.ts';
import { type BlockKind, blockKinds, blocksOf, readme, readmeBlocks, tableAfter } from '../support/readme-blocks.ts';

const code = (cell: string | undefined): string => cell?.replaceAll('`', '') ?? '';

/** Long options by command, the common ones included. */
async function optionsByCommand(): Promise<ReadonlyMap<string, readonly string[]>> {
  const common = ['--config', '--json', '--quiet', '--log-level', '--log-format', '--help', '--version'];
  const found = new Map<string, readonly string[]>();
  for (const entry of commandList) {
    const command = new Command(entry.name);
    (await entry.load())(command, () => () => Promise.resolve());
    found.set(entry.name, [...common, ...command.options.map(({ long }) => long ?? '')]);
  }
  return found;
}

describe('blocks', () => {
  test('are of a kind that has a test', () => {
    const strange = readmeBlocks.filter(({ info }) => !blockKinds.includes(info as BlockKind));
    expect(strange.map(({ info, line }) => `README.md:${line}: ${info}`)).toEqual([]);
    expect(readme.match(/^```/gm)).toHaveLength(readmeBlocks.length * 2);
  });

  test('of prose keep to a hundred columns', () => {
    const prose = readme.replaceAll(/^```[\s\S]*?^```$/gm, '').split('\n');
    expect(prose.filter((line) => line.length > 105 && !line.startsWith('|'))).toEqual([]);
    expect(prose.filter((line) => line.length > 125)).toEqual([]);
  });

  test.each(blocksOf('yaml config'))('in line $line is a valid config', ({ text }) => {
    expect(validateConfig(parseConfigDocument(text, 'README.md', {}), [])).toBeTypeOf('object');
  });

  test.each(blocksOf('sql bigquery'))('in line $line names objects that are in the dataset', ({ text }) => {
    const names = [...text.matchAll(/`my-project\.scene\.(\w+)`/g)].map(([, name = '']) => name);
    const objects = Object.keys({ ...columnCatalogue.relations, ...columnCatalogue.functions });
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !objects.includes(name))).toEqual([]);
  });

  test.each(blocksOf('ndjson'))('in line $line is replay input', ({ text }) => {
    const lines = text.trimEnd().split('\n').map(parseReplayLine);
    expect(lines.map(({ appId }) => appId)).toEqual(lines.map(() => 'wx1'));
  });

  test.each([...blocksOf('sh'), ...blocksOf('sh run'), ...blocksOf('python airflow')])(
    'in line $line names commands and options that exist',
    async ({ text }) => {
      const options = await optionsByCommand();
      const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
      for (const [, script = ''] of text.matchAll(/\bnpm (start|test|run \S+)/g)) {
        expect(scripts).toHaveProperty(script.replace('run ', ''));
      }
      for (const [, name = '', args = ''] of text.matchAll(/(?<![/\w])scenedim ([a-z-]+)\b([^|\n"]*)/g)) {
        expect([...options.keys()]).toContain(name);
        for (const [option] of args.matchAll(/--[a-z-]+/g)) expect(options.get(name)).toContain(option);
      }
    },
  );
});

describe('the Kubernetes manifest', () => {
  const [manifest = { text: '' }] = blocksOf('yaml kubernetes');
  const [shards = { text: '' }] = blocksOf('yaml kubernetes-shards');
  const cronJob = parse(manifest.text, { version: '1.1' });
  const job = cronJob.spec.jobTemplate.spec;
  const pod = job.template.spec;
  const [container] = pod.containers;

  test('lets one run at a time, none for ever, and none be missed for good', () => {
    const { concurrencyPolicy, startingDeadlineSeconds } = cronJob.spec;
    expect({ kind: cronJob.kind, concurrencyPolicy }).toEqual({ kind: 'CronJob', concurrencyPolicy: 'Forbid' });
    expect(startingDeadlineSeconds).toBeGreaterThanOrEqual(300);
    expect(startingDeadlineSeconds).toBeLessThanOrEqual(3600);
    expect(job.activeDeadlineSeconds).toBeGreaterThan(0);
  });

  test('repeats what may get better and nothing else', () => {
    const [never] = job.podFailurePolicy.rules;
    expect(pod.restartPolicy).toBe('Never');
    expect(never).toEqual({
      action: 'FailJob',
      onExitCodes: { containerName: container.name, operator: 'In', values: [64, 65, 77, 78] },
    });
    const retryable = Object.values(errorCodes).filter((each) => each.retryable);
    expect(retryable.filter(({ exitCode }) => never.onExitCodes.values.includes(exitCode))).toEqual([]);
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

  test('calls a command that exists', async () => {
    const [name, ...args] = container.args;
    const known = (await optionsByCommand()).get(name);
    for (const arg of args) if (arg.startsWith('--')) expect(known).toContain(arg);
  });

  test('is shared by as many pods as the program is told', () => {
    const { completionMode, completions, parallelism, template } = parse(shards.text);
    const [count] = template.spec.containers[0].env;
    expect([completionMode, parallelism, count]).toEqual([
      'Indexed',
      completions,
      { name: 'SHARD_COUNT', value: String(completions) },
    ]);
  });
});

describe('the Airflow example', () => {
  const [dag = { text: '' }] = blocksOf('python airflow');

  test('skips on 99 where that is not the default, and keeps secrets out of env_vars', () => {
    const pod = dag.text.slice(dag.text.indexOf('in_a_pod = '));
    expect(pod).toContain('skip_on_exit_code=99');
    expect(dag.text).not.toContain('env_vars');
  });

  test('gives the pod the config map and the secrets of the Kubernetes manifest', () => {
    const { volumes, containers } = parse(blocksOf('yaml kubernetes')[0]?.text ?? '', { version: '1.1' }).spec
      .jobTemplate.spec.template.spec;
    const nameOf = (pattern: RegExp) => pattern.exec(dag.text)?.slice(1);
    const [config, secret] = volumes;
    const [configMount, secretMount] = containers[0].volumeMounts;
    expect(nameOf(/V1Volume\(name="(.*?)", config_map=V1ConfigMapVolumeSource\(name="(.*?)"\)\)/)).toEqual([
      config.name,
      config.configMap.name,
    ]);
    expect(nameOf(/V1VolumeMount\(name="(.*?)", mount_path="(.*?)", read_only=True\)/)).toEqual([
      configMount.name,
      configMount.mountPath,
    ]);
    expect(nameOf(/Secret\("volume", "(.*?)", "(.*?)"\)/)).toEqual([secretMount.mountPath, secret.secret.secretName]);
    const { name, valueFrom } = containers[0].env[0];
    const { name: from, key } = valueFrom.secretKeyRef;
    expect(nameOf(/Secret\("env", "(.*?)", "(.*?)", "(.*?)"\)/)).toEqual([name, from, key]);
  });

  test('gives the pod a command that exists', async () => {
    const [, list = ''] = /arguments=(\[.*\])/.exec(dag.text) ?? [];
    const [name, ...args] = JSON.parse(list) as [string, ...string[]];
    const known = (await optionsByCommand()).get(name);
    for (const arg of args) if (arg.startsWith('--')) expect(known).toContain(arg);
  });
});

describe('the reference', () => {
  test('lists every command', () => {
    const listed = tableAfter('### Commands').flatMap(([cell]) => code(cell).split(', '));
    expect(listed.map((name) => name.replace(/ [A-Z]+$/, '')).sort()).toEqual(
      commandList.map(({ name }) => name).sort(),
    );
  });

  test('names every option, and none that does not exist', async () => {
    const all = new Set([...(await optionsByCommand()).values()].flat());
    const ofOthers = [
      ...['--global', '--silent', '--rm', '--read-only'],
      // gcloud and bq
      ...['--member', '--role', '--location', '--dataset', '--use'],
    ];
    const named = new Set([...readme.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option));
    expect([...named].filter((option) => !all.has(option) && !ofOthers.includes(option))).toEqual([]);
    expect([...all].filter((option) => !named.has(option))).toEqual([]);
  });

  test('has every error code with its exit status and meaning', () => {
    expect(tableAfter('### Error codes').map(([name, ...rest]) => [code(name), ...rest])).toEqual(
      Object.entries(errorCodes).map(([name, { exitCode, retryable, meaning }]) => {
        return [name, String(exitCode), retryable ? 'yes' : 'no', meaning];
      }),
    );
  });

  test('names every code that an account can fail with', () => {
    const folders = ['extract', 'normalize', 'pipeline'].map((folder) => `src/${folder}`);
    const sources = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((file) => readFileSync(`${file.parentPath}/${file.name}`, 'utf8')),
    );
    const codes = [...sources.join('\n').matchAll(/\bcode(?:: | = |\()'([a-z_]+)'/g)].map(([, found = '']) => found);
    expect(codes).toContain('clock_skew');
    expect(codes.filter((found) => !readme.includes(`\`${found}\``))).toEqual([]);
  });

  test('has every exit status', () => {
    const listed = tableAfter('### Exit codes').flatMap(([cell]) => cell?.split(', ').map(Number) ?? []);
    const possible = new Set([0, 99, 143, ...Object.values(errorCodes).map(({ exitCode }) => exitCode)]);
    expect(listed).toEqual([...possible].sort((a, b) => a - b));
  });

  test('has every setting with its default', () => {
    const listed = new Map(
      tableAfter(
        'your editor. `${VAR}`, `${VAR:-default}` and `${VAR:?message}` are replaced inside values. Relative',
      ).map(([setting, fallback]) => [code(setting), code(fallback)]),
    );
    const settings = new Map([...settingsOf(configJsonSchema(), '')].map(([path, value]) => [path, textOf(value)]));
    // Told in prose: it is the loader's own default.
    settings.set('target.applicationName', 'scenedim');
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(settings));
  });

  test('tells the variable of every setting by a rule, and which have none', () => {
    const variableOf = (path: string) =>
      `SCENEDIM_${path.replaceAll(/[A-Z]/g, '_$&').replaceAll('.', '_').toUpperCase()}`;
    expect(Object.keys(settingVariables)).toEqual(Object.values(settingVariables).map(variableOf));
    const paths = new Set(Object.values(settingVariables));
    const without = [...settingsOf(configJsonSchema(), '')].map(([path]) => path).filter((path) => !paths.has(path));
    expect(without.filter((path) => !path.includes('[]'))).toEqual([
      'source.fallbackBaseUrls',
      'target.readers',
      'target.labels',
    ]);
  });

  test('has every other variable', () => {
    const listed = tableAfter(
      'A secret is `{ env: NAME }` or `{ file: PATH }`, read anew each run, without one trailing newline.',
    );
    expect(listed.map(([name]) => code(name))).toEqual(expect.arrayContaining([...optionVariables]));
  });

  test('has every table, view and function, and every column of the dimension', () => {
    const listed = tableAfter('## What is in the schema').flatMap(([cell]) =>
      code(cell)
        .replaceAll(/\(.*?\)/g, '')
        .split(', '),
    );
    const catalogues = [tableCatalogue, viewCatalogue, functionCatalogue];
    expect(listed.sort()).toEqual(catalogues.flatMap((catalogue) => Object.keys(catalogue)).sort());
    const columns = tableAfter('`dim_scene` is computed from `scene_observation`; do not write to it. A version:');
    expect(columns.flatMap(([cell]) => code(cell).split(', '))).toEqual(Object.keys(tableCatalogue.dim_scene.columns));
  });
});

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly const?: unknown;
  readonly default?: unknown;
}

/** Paths and defaults of all settings. */
function settingsOf(node: SchemaNode, path: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const add = (more: ReadonlyMap<string, unknown>) => {
    for (const [key, value] of more) if (found.get(key) === undefined) found.set(key, value);
  };
  if (node.properties !== undefined) {
    for (const [key, inner] of Object.entries(node.properties)) {
      if (key !== '$schema') add(settingsOf(inner, path === '' ? key : `${path}.${key}`));
    }
  } else if (node.items?.properties !== undefined) add(settingsOf(node.items, `${path}[]`));
  else if (node.anyOf?.some((each) => each.properties !== undefined || each.items !== undefined) === true) {
    for (const each of node.anyOf) add(settingsOf(each, path));
  } else found.set(path, node.default);
  return found;
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
