/** Builds the Dockerfile and runs the image as a strict cluster would, through build.sh and run.sh. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

const folder = import.meta.dirname;
const project = new URL('../../..', import.meta.url).pathname;
const tag = 'localhost/scenedim:test';
const path = `${process.env['PATH']}:/usr/sbin:/sbin`;
const environment = { ...process.env, PATH: path };

/** What keeps images from being built here, in words; undefined when nothing does. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'containers need root';
  try {
    execFileSync('/bin/sh', ['-c', 'command -v buildah && command -v runc && command -v mmdebstrap'], {
      env: environment,
    });
    return undefined;
  } catch {
    return 'apt-get install -y --no-install-recommends buildah runc mmdebstrap';
  }
}

/** An image that was built. */
export interface Image {
  /** Size of its files. */
  readonly bytes: number;
  /** Folder of this machine that holds its files. */
  readonly root: string;
  readonly labels: Readonly<Record<string, string>>;
}

export async function buildImage(): Promise<Image> {
  const build = spawn(`${folder}/build.sh`, [project, tag], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, stdout, stderr } = await outcomeOf(build);
  if (code !== 0) throw new Error(`the image was not built: ${stderr}`);
  const [bytes, root = '', settings = ''] = stdout.trimEnd().split('\n');
  const { OCIv1 } = JSON.parse(await readFile(settings, 'utf8'));
  return { bytes: Number(bytes), root, labels: OCIv1.config.Labels };
}

/** What a container is given besides the arguments of scenedim. */
export interface ContainerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Files and folders of this machine, by their path in the container; writable for whoever owns them. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** `UID:GID`. Default: the image's. */
  readonly user?: string;
  /** Program and first arguments. Default: the image's. */
  readonly entrypoint?: readonly string[];
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container on its way. */
export interface RunningContainer {
  /** Sends SIGTERM to PID 1 of the container. */
  terminate(): void;
  readonly outcome: Promise<Outcome>;
}

/** Runs `scenedim <args>` in a new container. */
export function startContainer(args: readonly string[], options: ContainerOptions = {}): RunningContainer {
  const env = Object.entries(options.env ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const mounts = Object.entries(options.mounts ?? {}).flatMap(([target, source]) => ['--mount', `${source}:${target}`]);
  const user = options.user === undefined ? [] : ['--user', options.user];
  const entrypoint = (options.entrypoint ?? []).map((word) => `--entrypoint=${word}`);
  const command = [tag, ...env, ...mounts, ...user, ...entrypoint, '--', ...args];
  const run = spawn(`${folder}/run.sh`, command, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  return { terminate: () => run.kill('SIGTERM'), outcome: outcomeOf(run) };
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  if (!child.stdout || !child.stderr) throw new Error('the output is not piped');
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
