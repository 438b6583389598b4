/**
 * GitHub's workflows in actionlint, with shellcheck for what they run, and in zizmor, which looks for what an attacker would; the
 * Dockerfile in hadolint.
 */
import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from '../support/documents.ts';
import { goEnvironment } from '../support/go-environment.ts';
import { describeWithTool, folderOf, pythonTool, type Tool } from '../support/installed-tool.ts';

const requirements = new URL('requirements/', import.meta.url).pathname;
const goPrograms = join(requirements, 'workflows-go.txt');
const python = pythonTool('operators-workflows', join(requirements, 'workflows.txt'));
const linters: Tool = {
  ...python,
  needs: [...python.needs, 'go'],
  versions: [...python.versions, goPrograms],
  async install(folder) {
    await python.install(folder);
    const actionlint = (await readFile(goPrograms, 'utf8')).trim();
    const env = { ...goEnvironment(), GOBIN: join(folder, 'bin') };
    await promisify(execFile)('go', ['install', actionlint], { env });
  },
};

const workflows = '.github/workflows';
const program = (name: string) => join(folderOf(linters), 'bin', name);

/** One text of one workflow, and what takes its place. */
interface Mistake {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

/** What both linters say of the workflows, or of a copy with a mistake; empty when nothing. */
async function lint(mistake?: Mistake): Promise<string> {
  await using copy = await mkdtempDisposable(join(tmpdir(), 'scenedim-workflows-'));
  await cp(join(root, workflows), join(copy.path, workflows), { recursive: true });
  if (mistake) {
    const file = join(copy.path, workflows, mistake.file);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(mistake.text);
    await writeFile(file, text.replace(mistake.text, mistake.instead));
  }
  const files = (await readdir(join(copy.path, workflows))).map((name) => join(workflows, name));
  expect(files).toContain('.github/workflows/release.yml');
  const commands = [
    [program('actionlint'), '-no-color', `-shellcheck=${program('shellcheck')}`, ...files],
    [program('zizmor'), '--offline', '--quiet', '--color=never', '--min-severity=medium', ...files],
  ];
  const said = commands.map(([command = '', ...args]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: copy.path, encoding: 'utf8' });
    return status === 0 ? '' : `${status}: ${stdout}${stderr}`;
  });
  return said.join('');
}

describeWithTool('the linters of workflows', linters, () => {
  test('have nothing against ours', async () => {
    expect(await lint()).toBe('');
  });

  test.each<[string, string, Mistake]>([
    [
      'a job that is not there',
      'job "test" needs job "chek"',
      { file: 'release.yml', text: 'needs: check', instead: 'needs: chek' },
    ],
    [
      'a step that is not there',
      '"built" is not defined',
      { file: 'release.yml', text: 'steps.build.', instead: 'steps.built.' },
    ],
    [
      'a permission that is not there',
      'unknown permission scope "package"',
      { file: 'release.yml', text: 'packages: write', instead: 'package: write' },
    ],
    [
      'a word of the shell that splits',
      'SC2086',
      { file: 'release.yml', text: '"$GITHUB_REF_NAME"', instead: '$GITHUB_REF_NAME' },
    ],
    [
      'an action that is not pinned',
      'unpinned-uses',
      { file: 'ci.yml', text: '@8e8c483db84b4bee98b60c0593521ed34d9990e8', instead: '@v6' },
    ],
    [
      'every permission for a job',
      'excessive-permissions',
      { file: 'release.yml', text: 'permissions:\n      contents: read\n', instead: 'permissions: write-all\n' },
    ],
    [
      'a tag that becomes code',
      'template-injection',
      { file: 'release.yml', text: '"$GITHUB_REF_NAME"', instead: '"${{ github.ref_name }}"' },
    ],
  ])('see %s', async (_, finding, mistake) => {
    expect(await lint(mistake)).toContain(finding);
  });

  test('take the Dockerfile, and see that one is root', async () => {
    const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
    const hadolint = (input: string) =>
      spawnSync(program('hadolint'), ['--no-color', '-'], { input, encoding: 'utf8' });
    expect(hadolint(dockerfile)).toMatchObject({ status: 0, stdout: '' });
    expect(hadolint(dockerfile.replace('USER 65532:65532', 'USER root')).stdout).toContain('DL3002');
  });
});
