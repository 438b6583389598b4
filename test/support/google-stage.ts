/** The real program in a process of its own, and a Google that it is known to. */
import { expect } from 'vitest';
import { takesLease } from './bigquery-on-fake.ts';
import { type CliWorkspace, createCliWorkspace } from './cli-workspace.ts';
import type { FakeResult } from './fake-bigquery.ts';
import { externalAccount, type FakeGoogle, keyFiles, startFakeGoogle } from './fake-google.ts';
import { secrets } from './fake-google-tokens.ts';
import { settingsRow } from './settings-row.ts';
import type { CliResult } from './spawn-cli.ts';

/** An account to act as. */
export const other = 'other@test.iam.gserviceaccount.com';

/** A dataset whose schema is there, and leases for everybody. */
function answerQuery({ sql = '' }: { readonly sql?: string }): FakeResult | undefined {
  if (takesLease(sql)) return { affectedRows: 1 };
  return sql.includes('FROM `test.scene.scene_meta`') ? settingsRow() : undefined;
}

export interface GoogleStage extends AsyncDisposable {
  readonly google: FakeGoogle;
  readonly work: CliWorkspace;
  /** Runs a command with all its log; no secret may be in what it prints. */
  run(args: readonly string[], input?: string): Promise<CliResult>;
}

export interface Situation {
  /** Adds to the `target` section. */
  readonly target?: object;
  /** Files beside the config. */
  readonly files?: Readonly<Record<string, string | object>>;
  /** Adds to the environment; the name of a file beside the config, as `@name`, becomes its path. */
  readonly env?: Readonly<Record<string, string>>;
  /** There is a metadata server. */
  readonly isOnMachine?: boolean;
}

/** Starts both. */
export async function startGoogleStage({
  target = {},
  files = {},
  env = {},
  isOnMachine = false,
}: Situation): Promise<GoogleStage> {
  const google = await startFakeGoogle({
    answer: answerQuery,
    tables: ['scene/tables/dim_scene', 'scene/tables/scene_observation'],
  });
  const paths: Record<string, string> = {};
  const environment: Record<string, string> = { ...google.env, ...(isOnMachine ? google.metadataEnv : {}) };
  const sections = { target: { type: 'bigquery', projectId: 'test', ...target } };
  const work = await createCliWorkspace(sections, environment);
  environment['HOME'] = work.directory;
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    paths[`@${name}`] = await work.write(name, text.replaceAll('@DIRECTORY', work.directory));
  }
  for (const [name, value] of Object.entries(env)) environment[name] = paths[value] ?? value;
  return {
    google,
    work,
    run: async (args, input) => {
      const result = await work.run([...args, '--log-level', 'debug', '--log-format', 'json'], input);
      const shown = result.stdout + result.stderr;
      expect(google.secrets().filter((secret) => shown.includes(secret))).toEqual([]);
      expect(shown).not.toMatch(/PRIVATE KEY|Bearer|\n\s+at .*:\d+:\d+/);
      return result;
    },
    [Symbol.asyncDispose]: async () => {
      await work[Symbol.asyncDispose]();
      await google[Symbol.asyncDispose]();
    },
  };
}

/** The key of a service account, beside the config. */
export const keyFile = { 'key.json': keyFiles.serviceAccount };
/** Federation, and the token of the workload. */
export const federation = (impersonate?: string) => ({
  'federation.json': externalAccount('@DIRECTORY/subject-token', impersonate),
  'subject-token': secrets.subjectToken,
});
/** The variable that Google's tools read, for a file beside the config. */
export const byVariable = (name: string) => ({ GOOGLE_APPLICATION_CREDENTIALS: `@${name}` });

/** The one error that a command ends with. */
export async function errorOf(stage: GoogleStage): Promise<object> {
  const { code, stdout, stderr } = await stage.run(['export']);
  expect([stdout, stderr.split('\n').length]).toEqual(['', 2]);
  const { level, time: _, msg: __, ...error } = JSON.parse(stderr);
  expect(level).toBe('error');
  return { ...error, exit: code };
}

/** What `check` finds wrong, which must be one thing. */
export async function findingOf(stage: GoogleStage): Promise<object> {
  const { code, stdout, stderr } = await stage.run(['check', '--json']);
  const { findings, exit_code: exit } = JSON.parse(stdout);
  const errors = findings.filter(({ level }: { readonly level: string }) => level === 'error');
  expect([stderr, errors.length, exit]).toEqual(['', 1, code]);
  const [{ subject, message, remedy }] = errors;
  return { subject, message, remedy, exit };
}
