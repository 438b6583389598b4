/** The DAGs of config/airflow in a real Airflow: one runs on its worker, of the other the pod is looked at. No cluster is asked. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { terminationMessage } from '../../src/telemetry/write-termination-message.ts';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { root, textOf } from '../support/documents.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { describePostgres, type PostgresSuite } from '../support/postgres.ts';
import { cliPath } from '../support/spawn-cli.ts';
import { kubernetesValidators, validate } from './kubernetes-validators.ts';

const execute = promisify(execFile);
const here = new URL('airflow/', import.meta.url).pathname;
const airflowTool = pythonTool('operators-airflow', new URL('requirements/airflow.txt', import.meta.url).pathname);

/** A home with its own metadata, and the DAGs of this project as an operator copies them; the config is another file. */
interface Airflow extends AsyncDisposable {
  /** Runs a script of `airflow/`; resolves with its output, of which Airflow's log is a part. */
  python(script: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
}

async function startAirflow(config = '/srv/scenedim/scenedim.yaml'): Promise<Airflow> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(await mkdtempDisposable(join(tmpdir(), 'scenedim-airflow-')));
  const dags = join(home, 'dags');
  await cp(`${root}config/airflow`, dags, { recursive: true });
  const dag = await readFile(join(dags, 'scenedim_on_worker.py'), 'utf8');
  await writeFile(join(dags, 'scenedim_on_worker.py'), dag.replace('/srv/scenedim/scenedim.yaml', config));
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'bin/scenedim'), `#!/bin/sh\nexec ${process.execPath} ${cliPath} "$@"\n`, { mode: 0o755 });
  const bin = join(folderOf(airflowTool), 'bin');
  const env = {
    PATH: `${home}/bin:${bin}:${process.env['PATH']}`,
    HOME: home,
    AIRFLOW_HOME: home,
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `sqlite:///${home}/airflow.db`,
    PYTHONDONTWRITEBYTECODE: '1',
    NO_COLOR: '1',
  };
  const options = { cwd: home, maxBuffer: 2 ** 26 };
  await execute(join(bin, 'airflow'), ['db', 'migrate'], { ...options, env });
  const owned = stack.move();
  return {
    python: async (script, args, more = {}) => {
      const { stdout, stderr } = await execute(join(bin, 'python'), [join(here, script), ...args], {
        ...options,
        env: { ...env, ...more },
      });
      return stdout + stderr;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describeWithTool('Airflow', airflowTool, () => {
  describePostgres('on its worker', onWorker, { versions: 'newest' });
  describeWithTool('and Kubernetes', kubernetesValidators, inPod);
});

interface RunOfDag {
  readonly run: string;
  readonly task: string;
  readonly tries: number;
  /** Of the asset, in all runs so far. */
  readonly events: number;
  readonly pushed: readonly string[];
  /** Airflow's log of this run. */
  readonly log: string;
}

function onWorker(postgres: PostgresSuite): void {
  let runs: readonly RunOfDag[];
  let database: Awaited<ReturnType<PostgresSuite['createDatabase']>>;

  beforeAll(async () => {
    database = await postgres.createDatabase();
    await using simulator = await startSimulator();
    // One of the accounts fails in the first try of a run of its own, and has no list in the second.
    await using unsteady = await startSimulator();
    const [appId, otherAppId] = ['wx0123456789abcdef', 'wxfedcba9876543210'] as const;
    unsteady.inject({ fault: 'unknown_code', appId: otherAppId, times: 1 });
    unsteady.inject({ fault: 'unpublished', appId: otherAppId, times: 'always' });
    await using workspace = await createCliWorkspace({
      source: {
        accounts: [
          { appId, accessToken: { env: 'WECHAT_TOKEN' } },
          { appId: otherAppId, accessToken: { env: 'OTHER_TOKEN' } },
        ],
      },
      target: { type: 'postgres', url: database.url },
    });
    await using airflow = await startAirflow(join(workspace.directory, 'scenedim.yaml'));
    const environment = (wechat: Simulator) => ({
      SCENEDIM_SOURCE_BASE_URL: wechat.url,
      WECHAT_TOKEN: wechat.accessToken(appId),
      OTHER_TOKEN: wechat.accessToken(otherAppId),
    });
    const refused = 'refused-by-wechat-012345678';
    const output = await airflow.python(
      'run_on_worker.py',
      [
        environment(simulator),
        {},
        { WECHAT_TOKEN: refused, OTHER_TOKEN: refused, SCENEDIM_TARGET_SCHEMA: 'refused' },
        { SCENEDIM_SOURCE_BASE_URL: 'http://127.0.0.1:9', SCENEDIM_SOURCE_TOTAL_TIMEOUT_MS: '100' },
        { ...environment(unsteady), SCENEDIM_SOURCE_TOTAL_TIMEOUT_MS: '60000', SCENEDIM_TARGET_SCHEMA: 'unsteady' },
      ].map((env) => JSON.stringify(env)),
    );
    const parts = output.split(/^RESULT (.*)$/m);
    runs = parts.flatMap((log, at) =>
      at % 2 === 0 && parts[at + 1] ? [{ log, ...JSON.parse(parts[at + 1] ?? '') }] : [],
    );
  }, 300_000);
  afterAll(() => database[Symbol.asyncDispose]());

  test('a first run succeeds, pushes its summary and makes an event of the asset', async ({ annotate }) => {
    const [first] = runs;
    expect(first).toMatchObject({ run: 'success', task: 'success', tries: 1, events: 1 });
    const [summary, ...others] = first?.pushed.map((text) => JSON.parse(text)) ?? [];
    expect(summary).toMatchObject({ command: 'sync', outcome: 'ok', exit_code: 0, run_id: expect.any(String) });
    expect(others).toEqual([]);
    await annotate(linesAbout(first, /"sync ended"|Marking run/));
  });

  test('a second run, in which nothing changes, is skipped and makes no event', async ({ annotate }) => {
    expect(runs[1]).toMatchObject({ run: 'success', task: 'skipped', tries: 1, events: 1, pushed: [] });
    await annotate(linesAbout(runs[1], /Skipping/));
  });

  test('a run whose token is refused fails at once, and its log names the remedy', async ({ annotate }) => {
    expect(runs[2]).toMatchObject({ run: 'failed', task: 'failed', tries: 1, events: 1, pushed: [] });
    expect(runs[2]?.log).toContain('renew the access token where it is maintained');
    expect(runs[2]?.log).toContain('exit code 77 does not get better by trying again');
    expect(runs[2]?.log).not.toContain('refused-by-wechat-012345678');
    await annotate(linesAbout(runs[2], /"sync ended"|Retry policy|non-zero/));
  });

  test('a run that reaches nobody is tried again', () => {
    expect(runs[3]).toMatchObject({ run: 'failed', task: 'failed', tries: 3, events: 1, pushed: [] });
    expect(runs[3]?.log).toContain('non-zero exit code 69');
  });

  test('a retry in which nothing changes is no skip, because the try before it changed something', () => {
    expect(runs[4]).toMatchObject({ run: 'success', task: 'success', tries: 2, events: 2 });
    expect(runs[4]?.log).toContain('non-zero exit code 75');
    expect(runs[4]?.pushed.map((text) => JSON.parse(text).outcome)).toEqual(['nothing_changed']);
  });
}

function linesAbout(run: RunOfDag | undefined, what: RegExp): string {
  return (run?.log ?? '')
    .split('\n')
    .filter((line) => what.test(line))
    .join('\n');
}

interface LookAtPod {
  readonly import_errors: Readonly<Record<string, string>>;
  readonly dags: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: a manifest
  readonly pod: any;
  readonly outcomes: readonly { readonly raised: string | null; readonly message?: string; readonly action?: string }[];
}

function inPod(): void {
  let airflow: Airflow;
  let seen: LookAtPod;
  const cronJob = parse(textOf('config/kubernetes/cronjob.yaml'), { version: '1.1' });
  const { metadata, spec } = cronJob.spec.jobTemplate.spec.template;

  async function look(attributes: object, ...ended: readonly string[]): Promise<LookAtPod> {
    const output = await airflow.python('look_at_pod.py', [JSON.stringify(attributes), ...ended]);
    return JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '');
  }

  beforeAll(async () => {
    airflow = await startAirflow();
    const error = { code: 'credentials_refused', message: 'WeChat refused it', remedy: 'renew the token' } as const;
    const message = (exit_code: number) => terminationMessage({ command: 'sync', exit_code, error }, []);
    seen = await look(
      {},
      '0',
      '',
      '99',
      message(99),
      '77',
      message(77),
      '75',
      message(75),
      '137',
      'a last line of the log',
    );
  }, 120_000);
  afterAll(() => airflow[Symbol.asyncDispose]());

  test('both DAGs are read without an error', () => {
    expect([seen.import_errors, seen.dags]).toEqual([{}, ['scenedim_in_pod', 'scenedim_on_worker']]);
  });

  test('Kubernetes takes the pod, which is the one of the CronJob', async () => {
    const { lines, code } = await validate(stringify(seen.pod));
    expect([code, lines]).toEqual([0, [expect.stringMatching(/Pod sync-\w+ is right/)]]);
    const [container] = seen.pod.spec.containers;
    const [own] = spec.containers;
    for (const name of ['securityContext', 'resources', 'volumeMounts', 'image', 'terminationMessagePolicy']) {
      expect([name, container[name]]).toEqual([name, own[name]]);
    }
    for (const name of [
      'securityContext',
      'serviceAccountName',
      'volumes',
      'terminationGracePeriodSeconds',
      'restartPolicy',
    ]) {
      expect([name, seen.pod.spec[name]]).toEqual([name, spec[name]]);
    }
    expect(container.args).toEqual([...own.args, '--skip-exit-code=99']);
    expect(seen.pod.spec.activeDeadlineSeconds).toBe(cronJob.spec.jobTemplate.spec.activeDeadlineSeconds);
    expect(seen.pod.metadata.labels).toMatchObject(metadata.labels);
    // Airflow logs the variables of a pod that failed.
    expect([container.env, container.envFrom]).toEqual([[], []]);
  });

  test('Kubernetes refuses a slip in a dict, which Airflow takes', async () => {
    const slips = { security_context: { runAsNonRoto: true } };
    const { import_errors, pod } = await look(slips);
    expect([import_errors, pod.spec.securityContext]).toEqual([{}, slips.security_context]);
    const { code, lines } = await validate(stringify(pod));
    expect([code, lines.join()]).toEqual([
      1,
      expect.stringContaining('unknown field "spec.securityContext.runAsNonRoto"'),
    ]);
  });

  test('a pod that ended is skipped, failed at once or tried again, and its message is the error', () => {
    const [ok, skipped, refused, busy, killed] = seen.outcomes;
    expect([ok?.raised, skipped?.raised]).toEqual([null, 'AirflowSkipException']);
    expect(refused).toMatchObject({ raised: 'AirflowException', action: 'fail' });
    const [first, second = '', ...rest] = refused?.message?.split('\n') ?? [];
    expect([first, JSON.parse(second).error.remedy, rest]).toEqual([
      'Pod sync returned a failure.',
      'renew the token',
      [],
    ]);
    expect([busy?.action, killed?.action]).toEqual(['default', 'default']);
    expect(killed?.message).toContain('a last line of the log');
  });
}
