import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { commandList } from '../../src/commands/command-list.ts';
import { optionsByCommand } from '../support/command-options.ts';
import { runCli } from '../support/spawn-cli.ts';

const run = promisify(execFile);

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout } = await runCli(['completion', shell], { cwd: tmpdir() });
  expect(code).toBe(0);
  return stdout;
}

/** What bash offers for the last of these words; it reads the line as bash itself would give it. */
async function completed(script: string, lines: readonly (readonly string[])[]): Promise<string[][]> {
  const calls = lines.map((words) => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(scenedim ${quoted}); COMP_CWORD=${words.length}; _scenedim scenedim '${words.at(-1)}'; echo "\${COMPREPLY[*]}"`;
  });
  const { stdout } = await run('bash', ['--norc', '-c', [script, ...calls].join('\n')]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .split(' ')
        .filter((word) => word !== '')
        .sort(),
    );
}

test('bash completes every command, and its options behind it', async () => {
  const script = await scriptFor('bash');
  const options = [...(await optionsByCommand())];
  const found = await completed(script, [['']].concat(options.map(([name]) => ['--json', name, '--'])));
  const names = commandList.map(({ name }) => name);
  expect(found[0]?.filter((word) => !word.startsWith('-'))).toEqual([...names, 'help'].sort());
  expect(found.slice(1)).toEqual(options.map(([, words]) => [...new Set(words)].sort()));
  expect(found.length).toBe(names.length + 1);
});

test('bash completes files where no option stands', async () => {
  const script = await scriptFor('bash');
  expect(
    await completed(script, [
      ['replay', ''],
      ['replay', '--lo'],
    ]),
  ).toEqual([[], ['--lock-timeout', '--log-format', '--log-level']]);
  expect(script).toContain('complete -o default ');
});

test('zsh has the same function, and fish every command and option', async () => {
  const bash = await scriptFor('bash');
  const zsh = await scriptFor('zsh');
  expect([zsh.endsWith(bash), zsh.slice(0, -bash.length)]).toEqual([
    true,
    expect.stringMatching(/compinit; \}\n.*bashcompinit\n$/),
  ]);
  const fish = await scriptFor('fish');
  for (const [name, options] of await optionsByCommand()) {
    expect(fish).toContain(` -a ${name} -d '`);
    for (const option of options)
      expect(fish).toMatch(new RegExp(`(?:from ${name}' | scenedim )-l ${option.slice(2)} `));
  }
});
