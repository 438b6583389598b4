/** What Kubernetes' API server says of manifests, and what Kustomize makes of a folder: the program in k8sval/, as a tool. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { goEnvironment } from '../support/go-environment.ts';
import { folderOf, type Tool } from '../support/installed-tool.ts';

const execute = promisify(execFile);
const sources = new URL('k8sval', import.meta.url).pathname;

export const kubernetesValidators: Tool = {
  name: 'operators-k8sval',
  needs: ['go'],
  versions: ['go.mod', 'go.sum', 'main.go'].map((name) => join(sources, name)),
  install: (folder) =>
    execute('go', ['build', '-o', join(folder, 'k8sval'), '.'], { cwd: sources, env: goEnvironment() }),
};

/** What the validators say of a YAML text with one or more objects: a line each, without the name of the file. */
export async function validate(yaml: string): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const child = spawn(join(folderOf(kubernetesValidators), 'k8sval'), ['-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(yaml);
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return {
    code,
    lines: said
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^-: /, '')),
  };
}

/** What `kubectl kustomize` prints for a folder. */
export async function kustomize(folder: string): Promise<string> {
  return (await execute(join(folderOf(kubernetesValidators), 'k8sval'), ['-k', folder])).stdout;
}
