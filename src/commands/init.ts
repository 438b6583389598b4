import { lstat, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type ConfigAnswers, configTemplate, defaultAnswers } from '../config/config-template.ts';
import { isTimeZone } from '../config/time-zone.ts';
import { problemOfAppId } from '../dimension/app-id.ts';
import { reasonOf } from '../error-text.ts';
import { ScenedimError } from '../errors.ts';
import { builtInTargetTypes } from '../load/registry.ts';
import { makeDirectory } from '../make-directory.ts';
import { shellWord } from '../shell-word.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions, Session } from './session/session.ts';

export const description =
  'Writes a commented config to start from: scenedim.yaml, or what --config names. Asks a few questions on a terminal.';

export const examples = [
  ['init', 'answer four questions'],
  ['init --yes --config config/scenedim.yaml', 'in a script, into another file'],
  ['init --yes --target bigquery', 'for a dataset in BigQuery'],
] as const;

interface InitOptions extends CommonOptions {
  readonly yes?: true;
  readonly force?: true;
  readonly target?: string;
}

export function define(command: Command, run: RunAction): void {
  command
    .option('-y, --yes', 'ask nothing, take the defaults')
    .option('--target <kind>', `where to keep the dimension: ${builtInTargetTypes.join(', ')}`)
    .option('--force', 'overwrite a file that is there already')
    .action(run<InitOptions>(init));
}

async function init(session: Session, options: InitOptions): Promise<number> {
  const file = options.config ?? (session.environment['SCENEDIM_CONFIG'] || 'scenedim.yaml');
  const asks = options.yes !== true && session.stdin.isTTY === true && session.screen.isTerminal;
  if (!asks && options.yes !== true) {
    throw new ScenedimError('usage', 'init asks questions, and there is no terminal to ask on', {
      remedy: 'add --yes to take the defaults',
    });
  }
  const defaults = { ...defaultAnswers, target: targetOf(options.target) };
  const path = resolve(session.workingDirectory, file);
  // Before the questions: nobody wants to answer four of them for nothing.
  if (options.force !== true) await assertFree(path, file);
  const answers = asks ? await ask(session, defaults) : defaults;
  await writeNew(path, file, configTemplate(answers), options.force === true);
  if (options.json === true) await session.out.printJson({ file });
  else if (options.quiet !== true) await session.out.print(nextSteps(file, answers));
  return 0;
}

async function ask({ stdin, stderr, signal }: Session, defaults: ConfigAnswers): Promise<ConfigAnswers> {
  const terminal = createInterface({ input: stdin, output: stderr });
  const { promise: left, reject: leave } = Promise.withResolvers<never>();
  const stopped = new ScenedimError('interrupted', 'nothing is written: the questions were not answered');
  const leaveEarly = (): void => {
    stderr.write('\n');
    leave(stopped);
  };
  terminal.once('close', leaveEarly);
  const question = async <T>(
    text: string,
    fallback: string,
    read: (answer: string) => T | undefined,
    hint: string,
  ): Promise<T> => {
    for (;;) {
      const answer = await Promise.race([terminal.question(`${text} [${fallback}]: `, { signal }), left]);
      const value = read(answer.trim() || fallback);
      if (value !== undefined) return value;
      stderr.write(`\r  ${hint}\n`);
    }
  };
  try {
    return {
      appId: await question(
        'App id of the mini program',
        defaults.appId,
        (answer) => (/\s/.test(answer) || problemOfAppId(answer) !== undefined ? undefined : answer),
        'an app id looks like wx0123456789abcdef',
      ),
      credential: await question(
        'Credential: a "token" that someone else maintains, or the app "secret"',
        defaults.credential,
        (answer) => wordBeginning(['token', 'secret'] as const, answer),
        'write token or secret; the credential itself is not asked for',
      ),
      target: await question(
        'Where to keep the dimension: "pglite" (a directory), "postgres" or "bigquery"',
        defaults.target,
        (answer) => wordBeginning(builtInTargetTypes, answer),
        'write pglite, postgres or bigquery',
      ),
      timeZone: await question(
        'Time zone of your reports',
        defaults.timeZone,
        (answer) => (isTimeZone(answer) ? answer : undefined),
        'write an IANA name like Asia/Shanghai or UTC',
      ),
    };
  } finally {
    left.catch(() => {});
    terminal.off('close', leaveEarly).close();
  }
}

function targetOf(wanted: string | undefined): ConfigAnswers['target'] {
  const found = builtInTargetTypes.find((target) => target === (wanted ?? defaultAnswers.target));
  if (found !== undefined) return found;
  throw new ScenedimError('usage', `--target: "${wanted}" is not known`, {
    remedy: `use one of ${builtInTargetTypes.join(', ')}`,
  });
}

/** The one word that begins like the answer: `s` is enough for `secret`. */
function wordBeginning<T extends string>(words: readonly T[], answer: string): T | undefined {
  const [word, ...more] = words.filter((candidate) => candidate.startsWith(answer.toLowerCase()));
  return more.length === 0 ? word : undefined;
}

async function writeNew(path: string, shown: string, text: string, force: boolean): Promise<void> {
  try {
    await makeDirectory(dirname(path));
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    const code = reasonOf(cause);
    if (code === 'EEXIST' || code === 'EISDIR') await assertFree(path, shown, cause);
    throw new ScenedimError('file_unusable', `${shown} cannot be written (${code})`, {
      remedy: 'name another file with --config, in a directory that you may write to',
      cause,
    });
  }
}

/** Throws `file_unusable` where a file or directory stands in the way. */
async function assertFree(path: string, shown: string, cause?: unknown): Promise<void> {
  if (await isDirectory(path)) {
    throw new ScenedimError('file_unusable', `${shown} is a directory`, {
      remedy: `name a file in it: --config ${shellWord(join(shown, 'scenedim.yaml'))}`,
      cause,
    });
  }
  if (await isThere(path)) {
    throw new ScenedimError('file_unusable', `${shown} exists already`, {
      remedy: 'add --force to overwrite it, or name another file with --config',
      cause,
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function nextSteps(file: string, { credential, target }: ConfigAnswers): string {
  const named = file === 'scenedim.yaml' ? '' : ` --config ${shellWord(file)}`;
  const variable = credential === 'token' ? 'WECHAT_ACCESS_TOKEN' : 'WECHAT_APP_SECRET';
  const places = { pglite: [], postgres: ['DATABASE_URL'], bigquery: ['GOOGLE_CLOUD_PROJECT'] };
  const variables = [variable, ...places[target]].join(' and ');
  return `wrote ${file}\n\nNext: set ${variables}, then\n  scenedim check${named}\n  scenedim sync${named}\n`;
}
